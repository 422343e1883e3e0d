"""``gitmesh status``: proxies that run a commit, proxies that refuse it, and their messages."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.head_note import note_head
from gitmesh.cli.options import asked_repo_option, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.queries.commit_status import CommitStatus
    from gitmesh.service.delivery.status import StatusAnswer
    from gitmesh.settings import Settings


@click.command(
    "status",
    short_help="Show which proxies run a commit, and which refuse it.",
    epilog=examples(
        "gitmesh status --repo shop.git",
        "gitmesh status --repo shop.git a1b2c3d",
        "git push && gitmesh status --repo shop.git --wait 30 && echo all proxies have it",
        "gitmesh status --repo shop.git --json | jq '.nodes[].refusals[].specs'",
    ),
)
@click.argument("commit", required=False)
@asked_repo_option
@log_option
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="Maximum time to wait until the commit is acknowledged, and as many proxies are "
    "connected as --proxies says.",
)
@click.option(
    "--proxies",
    type=click.IntRange(0),
    metavar="N",
    help="How many proxies must be connected. Default with --wait: 1 for the commit that is "
    "served, or 0 when no server runs.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    commit: str | None,
    repo: Path,
    log: Path | None,
    wait_s: float,
    proxies: int | None,
    as_json: bool,
) -> None:
    """Show whether a commit was applied, which proxies run it, and which refuse it and why.

    COMMIT is the start of an id, a branch or a tag. Default: the HEAD of the repository. For a
    commit that a merge brought into the branch, the status of the merge is shown. For the commit
    that is served now, the state of every proxy is shown. Envoys need a moment to connect after
    their start: --wait waits for the first one, --proxies 3 for three of them.

    Exits with 0 if all proxies have the commit (or a newer one replaced it), with 1 if the commit,
    or its push, was refused, or a proxy refuses it, and with 4 if no server has read it yet, a
    proxy has not acknowledged it yet, or fewer proxies are connected than --wait or --proxies ask
    for.
    """
    from gitmesh.json_shapes.delivery import status_shape
    from gitmesh.service.delivery.status import awaited_status

    settings: Settings = ctx.obj
    where = log or settings.log
    note_head(repo, commit, as_json=as_json)
    answer = awaited_status(repo, where, commit, wait_s=wait_s, proxies=proxies)
    emit_json(status_shape(answer)) if as_json else _show(answer, wait_s)
    code = _code(answer.found)
    ctx.exit(exit_codes.PENDING if code == exit_codes.OK and answer.lacks_proxies else code)


def _show(answer: "StatusAnswer", wait_s: float) -> None:
    from gitmesh.rendering.commit_status_text import commit_status_text, requested_pin_text
    from gitmesh.rendering.narration import short

    found = answer.found
    if answer.asked != found.commit:
        click.echo(f"the merge {short(found.commit)} added {short(answer.asked)}")
    click.echo(commit_status_text(found))
    if answer.lacks_proxies:
        click.secho(f"  {_few(answer, wait_s)}", fg="yellow")
    elif found.is_served and answer.server_runs is not False and not found.nodes:
        click.secho("  no proxy is connected now", fg="yellow")
    if answer.requested_pin is not None:
        click.secho(requested_pin_text(answer.requested_pin), fg="yellow")
    if answer.server_runs is False:
        click.secho(
            "no server is running; this is the state when the last one stopped", fg="yellow"
        )


def _few(answer: "StatusAnswer", wait_s: float) -> str:
    """Return ``1 of 3 proxies connected after 3 s``."""
    from gitmesh.rendering.amounts import proxies

    after = f" after {wait_s:g} s" if wait_s else ""
    return f"{answer.connected:,} of {proxies(answer.required)} connected{after}"


def _code(found: "CommitStatus") -> int:
    from gitmesh.queries.commit_status import Verdict

    return {
        Verdict.IN_SYNC: exit_codes.OK,
        Verdict.OVERTAKEN: exit_codes.OK,
        Verdict.PENDING: exit_codes.PENDING,
        Verdict.REFUSED: exit_codes.REFUSED,
    }[found.verdict]
