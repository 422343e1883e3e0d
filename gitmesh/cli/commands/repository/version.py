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

    from events.opening import engine

    store = engine()
    versions = {
        "gitmesh": version("gitmesh"),
        "python": platform.python_version(),
        store.name: store.version,
        **{name: version(name) for name in ("grpcio", "pygit2", "envoy-data-plane")},
    }
    notes = [f"{store.name} {store.version} {store.caution}"] if store.caution else []
    if as_json:
        emit_json({**versions, "notes": notes})
        return
    click.echo(table(list(versions.items())))
    for note in notes:
        click.echo(f"note: {note}")
