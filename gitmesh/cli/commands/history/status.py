"""``gitmesh status``: proxies that run a commit, proxies that refuse it, and their messages."""

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
    from gitmesh.queries.commit_status import Standing
    from gitmesh.settings import Settings

LOOK_EVERY_S = 0.1


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
    help="Maximum time to wait until the commit is acknowledged, and as many proxies as "
    "--proxies says are connected.",
)
@click.option(
    "--proxies",
    type=click.IntRange(0),
    metavar="N",
    help="With --wait: wait until N proxies are connected. Default: 1, or 0 when no server runs.",
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

    Exits with 0 if all proxies have the commit (or a newer one replaced it), with 1 if it was
    rejected or a proxy refuses it, and with 4 if it is not read yet or a proxy has not acknowledged
    it yet.
    """
    from events.opening import has_writer
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.rendering.commit_status_text import standing_json, standing_text
    from gitmesh.rendering.narration import short

    settings: Settings = ctx.obj
    deadline = time.monotonic() + wait_s
    with _opened(repo, log or settings.log, deadline) as opened:
        where = existing_log(repo, log or settings.log)
        least = (has_writer(where) is not False) if proxies is None else proxies
        asked, found = _look(opened, commit, repo)
        while _is_to_come(found, least) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
            asked, found = _look(opened, commit, repo)
    running = has_writer(where)
    if as_json:
        emit_json({"asked": asked, **standing_json(found), "serverRuns": running})
    else:
        if asked != found.commit:
            click.echo(f"{short(found.commit)} brought {short(asked)} in")
        click.echo(standing_text(found))
        if found.is_served and running is not False and not found.nodes:
            click.secho("  no proxy is connected now", fg="yellow")
        if running is False:
            click.secho(
                "no server is running; this is the state when the last one stopped", fg="yellow"
            )
    ctx.exit(_code(found))


def _opened(repo: Path, explicit: Path | None, deadline: float) -> "EventReader":
    """Open the log; a server that was just started has until the deadline to make it."""
    from events.opening import open_for_reading
    from gitmesh.queries.log_lookup import existing_log
    from mesh.errors import GitmeshError

    while True:
        try:
            return open_for_reading(existing_log(repo, explicit))
        except GitmeshError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_EVERY_S)


def _is_to_come(found: "Standing", least: int) -> bool:
    """Tell whether waiting may change something: the verdict, or who is connected."""
    from gitmesh.queries.commit_status import Verdict

    connected = sum(node.states.total() for node in found.nodes)
    few = found.is_served and connected < least
    return found.verdict is Verdict.PENDING or (few and found.verdict is Verdict.IN_SYNC)


def _look(log: "EventReader", commit: str | None, repo: Path) -> "tuple[CommitId, Standing]":
    """Return the requested commit, even if the log does not have it yet, and its status.

    A commit that a merge brought into the branch has the status of the merge.
    """
    from gitmesh.queries.commit_status import standing
    from gitmesh.queries.requested_commit import asked_commit, merge_of

    asked = asked_commit(log, commit, repo)
    return asked, standing(log, merge_of(log, asked, repo) or asked, repo)


def _code(found: "Standing") -> int:
    from gitmesh.queries.commit_status import Verdict

    return {
        Verdict.IN_SYNC: exit_codes.OK,
        Verdict.OVERTAKEN: exit_codes.OK,
        Verdict.PENDING: exit_codes.PENDING,
        Verdict.REFUSED: exit_codes.REFUSED,
    }[found.verdict]
