"""``gitmesh wait``: until a commit is live, for pipelines."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo_option, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from events.store import EventReader
    from events.types import CommitId
    from gitmesh.queries.commit_status import Refused
    from gitmesh.service.waiting import Outcome
    from gitmesh.settings import Settings

POLL_S = 0.1
_WHOLE = 40
"""How many digits an id has."""


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
    with 4 if the time is over. If a newer commit replaced this one before proxies had it, the
    proxies of the newer commit count: they run the changes of both.

    acked=N% counts the proxies that are connected now and whose nodes the commit affects. It is
    reached when N percent of them, rounded up, are in sync; it is refused when so many refuse that
    N percent cannot be reached. The log knows at once when all of them are in sync. It knows which
    ones are in sync one second after a refusal, or else five seconds after the commit was offered
    to them.
    """
    from events.opening import has_writer, open_for_reading
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.queries.requested_commit import merge_of
    from gitmesh.rendering.commit_status_text import refused_json
    from gitmesh.rendering.narration import short
    from gitmesh.rendering.shell_quoting import pasted
    from gitmesh.service.wait_goal import parse_goal
    from gitmesh.service.waiting import outcome

    settings: Settings = ctx.obj
    wanted = parse_goal(goal)
    deadline = time.monotonic() + timeout
    path = existing_log(repo, log or settings.log)
    with open_for_reading(path) as opened:
        found, merge = None, None
        sought = _commit(opened, repo, commit)
        while found is None or not found.final:
            merge = merge_of(opened, sought, repo)
            found = outcome(opened, merge or sought, wanted)
            if not found.final and time.monotonic() >= deadline:
                break
            if not found.final:
                time.sleep(POLL_S)
        refused = _refused(found, opened, repo)
    running = has_writer(path)
    if as_json:
        told = {**found.as_json(), "refusals": [refused_json(each) for each in refused]}
        asked = {"commit": sought, "broughtInBy": merge, "for": str(wanted)}
        emit_json({**asked, **told, "serverRuns": running})
    else:
        if merge is not None:
            click.echo(f"{short(merge)} brought {short(sought)} in", err=True)
        _tell(found, refused)
        if running is False:
            state = "the log shows the state when the last one stopped; " if found.final else ""
            words = f"no server is running: {state}start one with gitmesh serve"
            click.secho(pasted(words), fg="yellow", err=True)
    ctx.exit(_exit_code(found))


def _refused(found: "Outcome", log: "EventReader", repo: Path) -> "list[Refused]":
    """Return what proxies refuse, with the specs at fault."""
    from gitmesh.queries.commit_status import Refused
    from gitmesh.queries.refusal_locations import RefusalLocations

    locations = RefusalLocations.beside(log, repo) if found.refusals else None
    return [Refused(event, locations.of(event)) for event in found.refusals if locations]


def _tell(found: "Outcome", refused: "list[Refused]") -> None:
    from gitmesh.rendering.commit_status_text import refused_lines
    from gitmesh.safe_text import visible_lines

    if refused and found.convergence is not None:
        click.echo(found.convergence.words(), err=True)
    for each in refused:
        click.echo("\n".join(refused_lines(each)), err=True)
    if not refused:
        colour = "red" if found.refused else None
        click.secho(visible_lines(found.words), fg=colour, err=not found.met)


def _exit_code(found: "Outcome") -> int:
    if found.met:
        return exit_codes.OK
    return exit_codes.REFUSED if found.refused else exit_codes.PENDING


def _commit(log: "EventReader", repo: Path, commit: str) -> "CommitId":
    """Return the commit that is waited for, which no server need have read."""
    from events.types import CommitId
    from gitmesh.queries.log_location import is_repository
    from gitmesh.queries.requested_commit import asked_commit
    from gitmesh.queries.timespec import is_hex

    whole = is_hex(commit) and len(commit) == _WHOLE
    if whole or (not is_repository(repo) and is_hex(commit) and log.seq_of_commit(commit) is None):
        return CommitId(commit.lower())  # It may be on its way to the repository.
    return asked_commit(log, commit, repo)
