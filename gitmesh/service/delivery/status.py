"""Use case of ``gitmesh status``: whether a commit was applied, and which proxies have it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.opening import has_writer, open_for_reading
from events.store import EventReader
from events.types import CommitId
from gitmesh.queries.commit_status import CommitStatus, Verdict, commit_status
from gitmesh.queries.log_lookup import existing_log
from gitmesh.queries.requested_commit import asked_commit, merge_of
from mesh.errors import GitmeshError

LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """The status of the commit that was asked for."""

    asked: CommitId
    """The commit that was asked for, even if the log does not have it yet."""
    found: CommitStatus
    """Its status; that of the merge if one brought it into the branch."""
    server_runs: bool | None
    """``None`` where that cannot be determined."""


def status(log: EventReader, repo: Path, commit: str | None) -> tuple[CommitId, CommitStatus]:
    """Return the requested commit and its status; without a commit, that of the branch's tip.

    :raises UsageError: there is no such commit.
    """
    asked = asked_commit(log, commit, repo)
    return asked, commit_status(log, merge_of(log, asked, repo) or asked, repo)


def awaited_status(
    repo: Path,
    log: Path | None,
    commit: str | None = None,
    *,
    wait_s: float = 0.0,
    proxies: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> StatusAnswer:
    """Return a commit's status, waiting while it may still change.

    :param wait_s: maximum time to wait until the commit is acknowledged; a server that was just
        started has as long to make its log.
    :param proxies: wait until as many are connected; by default for one, or for none if no server
        runs.
    :raises UsageError: there is no log or no such commit.
    """
    deadline = time.monotonic() + wait_s
    where, reader = _opened(repo, log, deadline, sleep)
    least = (has_writer(where) is not False) if proxies is None else proxies
    with reader as opened:
        asked, found = status(opened, repo, commit)
        while _is_to_come(found, least) and time.monotonic() < deadline:
            sleep(LOOK_EVERY_S)
            asked, found = status(opened, repo, commit)
    return StatusAnswer(asked, found, has_writer(where))


def _opened(
    repo: Path, log: Path | None, deadline: float, sleep: Callable[[float], None]
) -> tuple[Path, EventReader]:
    """Open the log; a server that was just started has until the deadline to make it."""
    while True:
        try:
            where = existing_log(repo, log)
            return where, open_for_reading(where)
        except GitmeshError:
            if time.monotonic() >= deadline:
                raise
            sleep(LOOK_EVERY_S)


def _is_to_come(found: CommitStatus, least: int) -> bool:
    """Tell whether waiting may change something: the verdict, or who is connected."""
    connected = sum(node.states.total() for node in found.nodes)
    few = found.is_served and connected < least
    return found.verdict is Verdict.PENDING or (few and found.verdict is Verdict.IN_SYNC)
