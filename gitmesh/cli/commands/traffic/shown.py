"""Tables of traffic on a terminal."""

from typing import TYPE_CHECKING

import click

from gitmesh.cli.output import table

since_option = click.option(
    "--since",
    default="1h",
    show_default=True,
    metavar="TIME",
    help="Begin: a duration before now (90s, 30m, 2h, 1d), or a time.",
)

if TYPE_CHECKING:
    from gitmesh.service.traffic.reported import Reported


def show_traffic(found: "Reported", *, by_caller: bool = False) -> None:
    """Print a table of traffic, and on the error stream what is missing from it."""
    from gitmesh.cli.commands.traffic.cells import missing_lines, traffic_rows
    from gitmesh.safe_text import visible

    if found.rows:
        cells = traffic_rows(found, by_caller=by_caller)
        click.echo(table([[visible(cell) for cell in row] for row in cells]))
    else:
        click.echo("no traffic was reported", err=True)
        if not any(each.reported for each in found.reporting):
            click.echo(
                "  hint: proxies report with a bootstrap from gitmesh bootstrap, every 10 s",
                err=True,
            )
    for line in missing_lines(found):
        click.secho(visible(line), fg="yellow", err=True)
