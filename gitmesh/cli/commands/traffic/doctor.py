"""``gitmesh doctor``: problems, with their evidence and the next step."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.service.diagnosis import Diagnosis
    from gitmesh.settings import Settings

_COLOURS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command(
    "doctor",
    short_help="Find problems, and name the next step.",
    epilog=examples(
        "gitmesh doctor", "gitmesh doctor shop.git --window 5m", "gitmesh doctor --json"
    ),
)
@asked_repo
@log_option
@click.option(
    "--window",
    default="15m",
    show_default=True,
    metavar="DURATION",
    help="The time up to now whose traffic is looked at.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, repo: Path, log: Path | None, window: str, as_json: bool) -> None:
    """Look for problems in the event log and in the traffic that proxies report.

    Found are: refused commits and proxies, proxies that are behind, forgotten pins, services and
    targets that fail, a target that is worse than its neighbours on the route, weights that are not
    followed, and proxies that do not report. Traffic is judged from 50 requests on, and only where
    chance is excluded with a confidence of 95 %. Exit code 1 if there is an error or a warning.
    """
    from gitmesh.access.duration import parse_duration
    from gitmesh.json_shapes.traffic.diagnosis import diagnosis_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.diagnosis import diagnose

    settings: Settings = ctx.obj
    path = existing_log(repo, log or settings.log)
    found = diagnose(path, repo, window_s=parse_duration(window).total_seconds())
    emit_json(diagnosis_shape(found)) if as_json else _show(found)
    bad = any(each.severity != "note" for each in found.findings)
    ctx.exit(exit_codes.REFUSED if bad else exit_codes.OK)


def _show(found: "Diagnosis") -> None:
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.shell_quoting import pasted
    from gitmesh.safe_text import visible

    for each in found.findings:
        label = click.style(each.severity.value, fg=_COLOURS[each.severity.value], bold=True)
        click.echo(f"{label}[{each.code}]: {visible(each.message)}")
        for line in each.evidence:
            click.echo(f"  {visible(line)}")
        if each.next_step:
            click.echo(f"  next: {visible(pasted(each.next_step))}")
    if found.commit is None:
        click.echo("no commit is logged yet")
        return
    looked = (
        f"{found.commit[:7]}, {found.proxies:,} connected proxies, "
        f"{count(found.requests, 'request')} in {found.window_s / 60:g} min"
    )
    said = count(len(found.findings), "finding") if found.findings else "nothing found"
    click.secho(f"{said}; looked at {looked}", bold=True)
