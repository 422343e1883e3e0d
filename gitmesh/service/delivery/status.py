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
    """The status of the requested commit."""

    asked: CommitId
    """The requested commit, even if it is not in the log yet."""
    found: CommitStatus
    """Status of the commit; or of the merge that brought it into the branch."""
    server_runs: bool | None
    """True if a server runs; ``None`` if that cannot be determined."""
    connected: int = 0
    """Number of connected proxies."""
    required: int = 0
    """Number of proxies that must be connected."""
    requested_pin: PinNote | None = None
    """A request for a pin, or for its end, that waits for a server."""

    @property
    def lacks_proxies(self) -> bool:
        """True if fewer proxies are connected than required."""
        return self.connected < self.required


def status(log: EventReader, repo: Path, commit: str | None) -> tuple[CommitId, CommitStatus]:
    """Return the requested commit and its status; without a commit, that of the branch's tip.

    :raises UsageError: there is no such commit, and no refused push contained it.
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

    :param wait_s: maximum time to wait until the commit is acknowledged; also for a server that
        just started to create its log.
    :param proxies: required number of connected proxies. The default for the served commit is one,
        if ``wait_s`` is given and a server runs.
    :raises UsageError: there is no log or no such commit.
    """
    deadline = time.monotonic() + wait_s
    where, reader = _opened(repo, log, deadline, sleep)
    with reader as opened:
        while True:
            # Each line reads the log or its lock later than the one above: a proxy that is counted
            # is in the status, and a commit that is served has a server, unless it has stopped.
            connected = sum(opened.connected_nodes().values())
            asked, found = status(opened, repo, commit)
            runs = has_writer(where)
            connected = 0 if runs is False else connected
            first = int(wait_s > 0 and runs is not False and found.is_served)
            required = first if proxies is None else proxies
            answer = StatusAnswer(
                asked, found, runs, connected, required, requested_pin=requested_pin(where)
            )
            if not _is_to_come(answer) or time.monotonic() >= deadline:
                return answer
            sleep(LOOK_EVERY_S)


def _opened(
    repo: Path, log: Path | None, deadline: float, sleep: Callable[[float], None]
) -> tuple[Path, EventReader]:
    """Open the log; wait until the deadline for a server that just started to create it.

    A server creates no repository: without one, there is nothing to wait for.
    """
    while True:
        try:
            where = existing_log(repo, log)
            return where, open_for_reading(where)
        except GitmeshError:
            if time.monotonic() >= deadline or (log is None and not repo.exists()):
                raise
            sleep(LOOK_EVERY_S)


def _is_to_come(answer: StatusAnswer) -> bool:
    """Return whether waiting may change the verdict, or the number of connected proxies."""
    verdict = answer.found.verdict
    few = answer.lacks_proxies and verdict is not Verdict.REFUSED
    return verdict is Verdict.PENDING or few
