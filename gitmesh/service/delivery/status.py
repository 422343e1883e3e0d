"""Use case of ``gitmesh status``: whether a commit was applied, and which proxies have it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from events.opening import has_writer, open_for_reading
from events.store import EventReader
from events.types import CommitId
from gitmesh.inbox.pin_note import PinNote
from gitmesh.queries.commit_status import CommitStatus, Verdict, commit_status
from gitmesh.queries.log_lookup import existing_log
from gitmesh.queries.pins import requested_pin
from gitmesh.queries.requested_commit import asked_commit, merge_of, refused_push
from mesh.errors import GitmeshError, UsageError

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
    connected: int = 0
    """Number of connected proxies."""
    required: int = 0
    """Number of proxies that must be connected."""
    requested_pin: PinNote | None = None
    """A request for a pin, or for its end, that waits for a server."""

    @property
    def lacks_proxies(self) -> bool:
        """True if fewer proxies are connected than were to be."""
        return self.connected < self.required


def status(log: EventReader, repo: Path, commit: str | None) -> tuple[CommitId, CommitStatus]:
    """Return the requested commit and its status; without a commit, that of the branch's tip.

    :raises UsageError: there is no such commit, and no push of one was refused.
    """
    try:
        asked = asked_commit(log, commit, repo)
    except UsageError:
        if (tried := refused_push(log, commit)) is None:
            raise
        found = commit_status(log, tried.commit, repo)
        return tried.commit, replace(found, refused_push=tried)
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
    :param proxies: how many are to be connected; by default one for the commit that is served, if
        there is a time to wait and a server runs.
    :raises UsageError: there is no log or no such commit.
    """
    deadline = time.monotonic() + wait_s
    where, reader = _opened(repo, log, deadline, sleep)
    least = proxies if proxies is not None else int(wait_s > 0 and has_writer(where) is not False)
    with reader as opened:
        while True:
            asked, found = status(opened, repo, commit)
            required = least if proxies is not None or found.is_served else 0
            runs = has_writer(where)
            connected = 0 if runs is False else sum(opened.connected_nodes().values())
            answer = StatusAnswer(
                asked, found, runs, connected, required, requested_pin=requested_pin(where)
            )
            if not _is_to_come(answer) or time.monotonic() >= deadline:
                return answer
            sleep(LOOK_EVERY_S)


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


def _is_to_come(answer: StatusAnswer) -> bool:
    """Tell whether waiting may change something: the verdict, or who is connected."""
    verdict = answer.found.verdict
    few = answer.lacks_proxies and verdict is not Verdict.REFUSED
    return verdict is Verdict.PENDING or few
