"""Pins in the log: a commit that is served for a limited time, instead of the branch.

The last event about pins decides whether a commit is pinned.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from events.clock import utc_now
from events.encoding.codec import decode
from events.query import Query
from events.store import EventReader
from events.types import Chain, CommitId, Seq, ServingPinned
from mesh.errors import UsageError

if TYPE_CHECKING:
    from gitmesh.inbox.pin_note import PinNote

LONGEST: Final = timedelta(days=7)
_ABOUT_PINS: Final = Query(kinds=("ServingPinned", "ServingReleased"))


def pinned(log: EventReader, at: datetime | None = None) -> ServingPinned | None:
    """Return the pin according to the log; it may have expired while no server was running.

    :param at: a time in the past; now by default.
    """
    for record in log.select(Chain.DELIVERY, replace(_ABOUT_PINS, until=at), newest=1):
        event = decode(record)
        return event if isinstance(event, ServingPinned) else None
    return None


def requested_pin(log: Path) -> "PinNote | None":
    """Return the newest request for a pin, or for its end, that no server has processed yet.

    Requests whose time has expired have no effect and are ignored.
    """
    # A push's answer asks for pins, too, and does not wait until pydantic is loaded.
    from gitmesh.inbox.pin_note import read_pin
    from gitmesh.inbox.spool import pins

    found = (read_pin(note.text) for note in pins(log).newest())
    asked = (note for note in found if note is not None)
    return next((each for each in asked if each.until is None or each.until > utc_now()), None)


def is_over(pin: ServingPinned, now: datetime) -> bool:
    """Return whether a pin has expired."""
    return now >= datetime.fromisoformat(pin.until)


def until_text(until: datetime) -> str:
    """Return a time as events contain it: in UTC, rounded up to whole seconds."""
    whole = until.astimezone(UTC) + timedelta(microseconds=999_999)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def pinnable(log: EventReader, commit: CommitId) -> Seq:
    """Return the mesh chain position of a commit's mesh.

    :raises UsageError: the commit is not in the log, or was rejected.
    """
    seq = log.seq_of_commit(commit)
    if seq is None:
        raise UsageError(
            f"commit {commit[:7]} is not in the log, so its mesh is unknown",
            hint="gitmesh log --chain mesh lists the commits in the log",
        )
    if log.state(seq).commit != commit:
        raise UsageError(
            f"commit {commit[:7]} was rejected, so it has no mesh",
            hint=f"gitmesh show {commit[:7]} shows the reason; pin an applied commit",
        )
    return seq
