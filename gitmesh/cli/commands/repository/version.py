"""``gitmesh version``: installed versions."""

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
    from gitmesh.json_shapes.repository import versions_shape
    from gitmesh.service.repository.versions import versions

    found = versions()
    if as_json:
        emit_json(versions_shape(found))
        return
    click.echo(table(list(found.components.items())))
    for note in found.notes:
        click.echo(f"note: {note}")
