"""Obstacles in following the branch, as events: one at the start of each, one at its end."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from events import memory
from events.memory import OUT_OF_MEMORY
from events.store import EventReader
from events.types import (
    CLOCK_BEHIND,
    OF_REMOTE,
    OF_STREAMS,
    Chain,
    DeliveryEvent,
    Seq,
    SourceDegraded,
    SourceRecovered,
)
from mesh.errors import Retryable
from reconciler.attempt import HELD_BACK, release
from reconciler.git.obstacle import unreadable
from reconciler.reading.source import SourceUnavailable

_log = logging.getLogger(__name__)

WATCH_FAILED: Final = "watch-failed"
LOG_UNAVAILABLE: Final = "log-unavailable"
HISTORY_REPLACED: Final = "history-replaced"
_OF_ONE_COMMIT: Final = (HELD_BACK, OUT_OF_MEMORY)
"""Reasons that belong to one commit: with another commit, it is a new obstacle."""
_MOST_KEPT: Final = 100
"""Maximum number of events that are kept while the log cannot be written."""
_SECONDS: Final = "%Y-%m-%dT%H:%M:%SZ"
CLOCK_TOLERANCE: Final = timedelta(minutes=1)
"""Clock steps that are ignored: clocks are often set back a little."""


def reasons_left(log: EventReader) -> frozenset[str]:
    """Return the obstacles in reading the branch that earlier processes recorded and that have not
    ended according to the log.

    :raises LogUnavailable: the log cannot be read now.
    """
    return frozenset(event.reason for _, event in log.fleet().degraded()) - OF_STREAMS - OF_REMOTE


def remote_reasons_left(log: EventReader) -> frozenset[str]:
    """Return, in the same way, the obstacles in following the remote repository."""
    return frozenset(event.reason for _, event in log.fleet().degraded()) & OF_REMOTE


def newest_time(log: EventReader) -> datetime | None:
    """Return the time of the newest event; None if there is no event, or none can be read."""
    try:
        ends = [(chain, log.head(chain).seq) for chain in Chain]
        times = [
            record.at
            for chain, seq in ends
            if seq
            for record in log.read(chain, after=Seq(seq - 1))
        ]
    except Retryable:
        return None
    return datetime.fromisoformat(max(times)) if times else None


def obstacle(repository: Path, error: Retryable | OSError | MemoryError) -> Retryable:
    """Return the event text for an error that occurred while the branch was followed."""
    if isinstance(error, MemoryError):
        release(error)
        words = f"{memory.NO_MEMORY} to follow the branch"
        return SourceUnavailable(OUT_OF_MEMORY, words, hint=memory.HINT)
    return unreadable(repository, error) if isinstance(error, OSError) else error


class Health:
    """Records obstacles as events, and keeps the events until :meth:`take`."""

    def __init__(self, left: Iterable[str] = ()) -> None:
        """Begin without obstacles.

        :param left: reasons that earlier processes recorded; if this process does not find one of
            them at its first check, that obstacle has ended.
        """
        self._left = frozenset(left)
        self._failing: dict[str, tuple[str, str]] = {}
        self._events: list[DeliveryEvent] = []

    def source(self, error: Retryable | None) -> None:
        """Record the reason why the branch cannot be followed now; None if it can be followed."""
        reason = error.reason if isinstance(error, SourceUnavailable) else LOG_UNAVAILABLE
        self._note("source", reason if error else None, _in_one_line(error) if error else "")

    def remote(self, error: SourceUnavailable | None) -> None:
        """Record the reason why the remote cannot be followed now; None if it can be followed."""
        self._note("remote", error.reason if error else None, _in_one_line(error) if error else "")

    def history(self, names: list[str]) -> None:
        """Record the files that make git show another history than the commits have."""
        self._note("history", HISTORY_REPLACED if names else None, _shown_otherwise(names))

    def clock(self, newest: datetime | None, now: datetime) -> None:
        """Record whether the clock is behind the time of the newest event."""
        is_behind = newest is not None and newest - now > CLOCK_TOLERANCE
        words = (
            f"the clock is behind the event log, whose newest event is of {newest:{_SECONDS}}: it "
            "was ahead then, or is wrong now; until that time, the times of events are not true"
            if is_behind
            else ""
        )
        self._note("clock", CLOCK_BEHIND if is_behind else None, words)

    def watch(self, message: str | None) -> None:
        """Record the reason why the file watch fails; None when it works again."""
        self._note("watch", WATCH_FAILED if message is not None else None, message or "")

    def looked(self) -> None:
        """Record the end of those obstacles of earlier processes that this process did not find."""
        now = {reason for reason, _ in self._failing.values()}
        self._events += map(SourceRecovered, sorted(self._left - now))
        self._left = frozenset()

    def _note(self, what: str, reason: str | None, message: str) -> None:
        before = self._failing.pop(what, None)
        now = None
        if reason is not None:
            now = self._failing[what] = (reason, message if reason in _OF_ONE_COMMIT else "")
        if before == now:
            return
        if reason == LOG_UNAVAILABLE:
            # The event log cannot be written now, and its readers would learn it too late.
            _log.warning("the event log cannot be written: pushes wait", extra={"why": message})
        if before is not None:
            self._events.append(SourceRecovered(before[0]))
        if reason is not None:
            self._events.append(SourceDegraded(reason, message))

    def take(self) -> list[DeliveryEvent]:
        """Return the waiting events, in order, and forget them."""
        events, self._events = self._events, []
        return events

    def keep(self, events: list[DeliveryEvent]) -> None:
        """Keep events that could not be written; beyond a hundred, the oldest are dropped."""
        self._events = (events + self._events)[-_MOST_KEPT:]


def _shown_otherwise(names: list[str]) -> str:
    return (
        f"{' and '.join(names)} in the repository makes git log show another history than the "
        "commits, from which gitmesh makes the mesh: remove it"
    )


def _in_one_line(error: Retryable) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
