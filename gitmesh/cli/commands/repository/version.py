"""``gitmesh version``: what runs here."""

import click

from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, table


@click.command(
    "version",
    short_help="Show the versions of gitmesh and its dependencies.",
    epilog=examples("gitmesh version", "gitmesh version --json"),
)
@json_option
def command(as_json: bool) -> None:
    """Show the versions of gitmesh and its dependencies."""
    import platform
    from importlib.metadata import version

    from events.sqlite.version import WAL_RESET, has_wal_reset_bug, sqlite_version

    versions = {
        "gitmesh": version("gitmesh"),
        "python": platform.python_version(),
        "sqlite": sqlite_version(),
        **{name: version(name) for name in ("grpcio", "pygit2", "envoy-data-plane")},
    }
    notes = [f"sqlite {sqlite_version()} {WAL_RESET}"] if has_wal_reset_bug() else []
    if as_json:
        emit_json({**versions, "notes": notes})
        return
    click.echo(table(list(versions.items())))
    for note in notes:
        click.echo(f"note: {note}")
