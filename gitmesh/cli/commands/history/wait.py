"""``gitmesh wait``: wait until a commit is live; for pipelines."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.head_note import note_head
from gitmesh.cli.options import asked_repo_option, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.service.delivery.outcome import Outcome
    from gitmesh.service.delivery.wait import WaitAnswer
    from gitmesh.settings import Settings


@click.command(
    "wait",
    short_help="Wait until a commit is live.",
    epilog=examples(
        'git push && gitmesh wait HEAD --repo shop.git --log "$LOG"   # in a pipeline',
        "gitmesh wait a1b2c3d --repo shop.git --for applied --timeout 10",
        "gitmesh wait HEAD --repo shop.git --for acked=50%",
    ),
)
@click.argument("commit", default="HEAD")
@asked_repo_option
@log_option
@click.option(
    "--for",
    "goal",
    default="converged",
    show_default=True,
    metavar="applied|published|converged|acked=N%",
    help="The goal: the commit is in the log; it is offered to proxies; all proxies "
    "acknowledged it; N percent of them did.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Maximum time to wait.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    commit: str,
    repo: Path,
    log: Path | None,
    goal: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Wait until every affected proxy acknowledges a commit, or one refuses it.

    Exits with 1 if gitmesh or a proxy refused the commit, and shows the reason with file and line;
    with 4 if the timeout expires. If a newer commit replaced this one before proxies had it, the
    proxies of the newer commit count: they run the changes of both.

    acked=N% counts the proxies that are connected now and whose nodes the commit affects. The goal
    is reached when N percent of them, rounded up, are in sync. It fails when so many proxies refuse
    that N percent cannot be reached. The log knows at once when all of them are in sync. It knows
    which ones are in sync one second after a refusal, or else five seconds after the commit was
    offered to them.
    """
    from gitmesh.json_shapes.delivery import wait_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.delivery.wait import wait
    from gitmesh.service.delivery.wait_goal import parse_goal

    settings: Settings = ctx.obj
    wanted = parse_goal(goal)
    where = existing_log(repo, log or settings.log)
    note_head(repo, commit, as_json=as_json)
    answer = wait(where, repo, commit, wanted, timeout_s=timeout)
    emit_json(wait_shape(answer)) if as_json else _show(answer)
    ctx.exit(_exit_code(answer.outcome))


def _show(answer: "WaitAnswer") -> None:
    from gitmesh.rendering.narration import short
    from gitmesh.rendering.shell_quoting import pasted

    if answer.brought_in_by is not None:
        words = f"the merge {short(answer.brought_in_by)} added {short(answer.commit)}"
        click.echo(words, err=True)
    _tell(answer)
    if answer.outcome.pin is not None:
        words = "  hint: end the pin, and serve the branch: gitmesh unpin"
        click.echo(pasted(words), err=True)
    if answer.server_runs is False:
        state = "the log shows the state when the last one stopped; "
        state = state if answer.outcome.final else ""
        words = f"no server is running: {state}start one with gitmesh serve"
        click.secho(pasted(words), fg="yellow", err=True)


def _tell(answer: "WaitAnswer") -> None:
    from gitmesh.rendering.commit_status_text import refused_lines
    from gitmesh.rendering.narration import short
    from gitmesh.safe_text import visible_lines

    found = answer.outcome
    if answer.refused:
        counted = "" if found.convergence is None else f": {found.convergence.words()}"
        click.echo(visible_lines(f"{_name(answer)}{counted}"), err=True)
    for each in answer.refused:
        click.echo("\n".join(refused_lines(each)), err=True)
    if not answer.refused:
        colour = "red" if found.refused else None
        words = found.words.removeprefix(f"{short(answer.commit)} ")
        words = f" {words}" if words != found.words else f": {words}"
        click.secho(visible_lines(_name(answer) + words), fg=colour, err=not found.met)


def _name(answer: "WaitAnswer") -> str:
    """Return the commit's id, with its subject unless the text after it contains the subject."""
    from gitmesh.rendering.narration import short

    subject = f"“{answer.subject}”"
    told = not answer.subject or (not answer.refused and subject in answer.outcome.words)
    return short(answer.commit) if told else f"{short(answer.commit)} {subject}"


def _exit_code(found: "Outcome") -> int:
    if found.met:
        return exit_codes.OK
    return exit_codes.REFUSED if found.refused else exit_codes.PENDING
