"""``gitmesh version``: what runs here."""

import click

from gitmesh.options import examples, json_option
from gitmesh.output import emit_json, table


@click.command(
    "version",
    short_help="Show what runs here.",
    epilog=examples("gitmesh version", "gitmesh version --json"),
)
@json_option
def command(as_json: bool) -> None:
    """Show the versions of gitmesh and of what it stands on."""
    import platform
    import sqlite3
    from importlib.metadata import version

    versions = {
        "gitmesh": version("gitmesh"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in ("grpcio", "pygit2", "envoy-data-plane")},
    }
    if as_json:
        emit_json(versions)
    else:
        click.echo(table(list(versions.items())))
