"""Use cases of ``gitmesh pin`` and ``unpin``: ask the server to serve a fixed commit, or the branch
again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from events.clock import utc_now
from events.opening import open_for_reading
from events.store import EventReader
from events.types import CommitId, ServingPinned
from gitmesh.access.duration import parse_duration
from gitmesh.inbox.pin_note import MOST_REASON, PinNote
from gitmesh.inbox.spool import pins
from gitmesh.queries.commits import beginning
from gitmesh.queries.pins import LONGEST, pinnable, pinned
from gitmesh.queries.requested_moment import asked_seq
from gitmesh.queries.timespec import parse_time
from mesh.errors import UsageError

TAKEN_S: Final = 3.0
"""Maximum wait for the server, which reads requests several times a second."""


@dataclass(frozen=True, slots=True)
class PinAnswer:
    """Result of a request for a pin, or for its end."""

    asked: CommitId | None
    """The commit to pin; ``None`` to serve the branch again."""
    taken: bool
    """False if no server has processed the request; the next server to start will."""
    pin: ServingPinned | None
    """The current pin."""
    ended: ServingPinned | None = None
    """The pin before the request, if it has ended."""
    serving: CommitId | None = None
    """The commit whose mesh is served now."""

    @property
    def granted(self) -> bool:
        """True if the requested state is in effect; another user may have made another request."""
        return self.taken and (self.pin.commit if self.pin else None) == self.asked


def pin(
    log: Path, repo: Path, moment: str, *, reason: str, length: timedelta, by: str = ""
) -> PinAnswer:
    """Ask the server to serve the commit of a moment for a limited time.

    :param by: the API caller for whom the server itself makes the request.
    :raises UsageError: the moment is unknown, its mesh was rejected, or the reason is empty.
    :raises SpoolUnavailable: the request cannot be written.
    """
    said = _one_line(reason)
    if not said:
        raise UsageError(
            "--reason is empty", hint="give a reason: gitmesh status and gitmesh log show it"
        )
    with open_for_reading(log) as opened:
        commit = _commit_at(opened, moment, repo)
        pinnable(opened, commit)
    return _left(log, PinNote(commit=commit, until=utc_now() + length, reason=said, by=by))


def unpin(log: Path, *, reason: str = "", by: str = "") -> PinAnswer:
    """Ask the server to end a pin, and to serve the newest commit of the branch from now on.

    :param by: the API caller who asked for it; empty if a command did.
    :raises SpoolUnavailable: the request cannot be written.
    """
    return _left(log, PinNote(commit=None, reason=_one_line(reason), by=by))


def length_of(text: str) -> timedelta:
    """Parse the duration of a pin, such as ``90s``, ``30m``, ``2h`` or ``1d``.

    :raises UsageError: the text is not a duration, or is longer than a pin may last.
    """
    try:
        length = parse_duration(text.strip())
    except UsageError:
        length = timedelta()
    if length > LONGEST:
        raise UsageError(
            f"--for {text!r} is longer than a pin may last",
            hint=f"pin for at most {LONGEST.days}d, and renew the pin before it expires",
        )
    if length <= timedelta():
        raise UsageError(
            f"--for {text!r} is not a valid duration of a pin",
            hint=f"write 90s, 30m, 2h or 1d; at most {LONGEST.days}d",
        )
    return length


def _left(log: Path, note: PinNote, sleep: Callable[[float], None] = time.sleep) -> PinAnswer:
    """Write a note for the server, and wait until the server has processed it."""
    asked = None if note.commit is None else CommitId(note.commit)
    with open_for_reading(log) as opened:
        before = pinned(opened)
        path = pins(log).put(note.line())
        deadline = time.monotonic() + TAKEN_S
        while path.exists() and time.monotonic() < deadline:
            sleep(0.02)
        taken, now = not path.exists(), pinned(opened)
        serving = opened.served_commit() if now is None else now.commit
    return PinAnswer(asked, taken, now, None if now == before else before, serving)


def _commit_at(log: EventReader, moment: str, repo: Path) -> CommitId:
    """Return the commit that a moment means: a commit itself, or the commit that was served at a
    position or time."""
    state = log.state(asked_seq(log, moment, repo))
    by_time = parse_time(moment, utc_now()) is not None or (moment.isdigit() and len(moment) < 7)
    found = state.commit if by_time else state.tip
    if found is None:
        raise UsageError(f"no mesh was served at {moment!r}", hint=beginning(log))
    return found


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:MOST_REASON]
