"""Pins: whatever the branch says, a commit is served for a while. What is pinned.

The log knows what is pinned: the last event about pins says it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from events.codec import decode
from events.query import Query
from events.store import EventLog
from events.types import Chain, CommitId, Seq, ServingPinned
from mesh.errors import UsageError

LONGEST: Final = timedelta(days=7)
_ABOUT_PINS: Final = Query(kinds=("ServingPinned", "ServingReleased"))


def pinned(log: EventLog, at: datetime | None = None) -> ServingPinned | None:
    """Return the pin that holds by the log; it may be over, if no server was there to say so.

    :param at: a time in the past; without one, how it is now.
    """
    for record in log.select(Chain.DELIVERY, replace(_ABOUT_PINS, until=at), newest=1):
        event = decode(record)
        return event if isinstance(event, ServingPinned) else None
    return None


def is_over(pin: ServingPinned, now: datetime) -> bool:
    """Tell whether a pin's time is over."""
    return now >= datetime.fromisoformat(pin.until)


def until_text(until: datetime) -> str:
    """Return a time as events hold it: UTC, whole seconds, none of them lost."""
    whole = until.astimezone(UTC) + timedelta(microseconds=999_999)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def pin_json(pin: ServingPinned | None) -> dict[str, object] | None:
    """Return a pin as ``--json`` shows it."""
    if pin is None:
        return None
    return {"commit": pin.commit, "by": pin.by, "reason": pin.reason, "until": pin.until}


def pinnable(log: EventLog, commit: CommitId) -> Seq:
    """Return the position of the mesh of a commit in the mesh chain.

    :raises UsageError: the log does not know it, or it was rejected: it never was a mesh.
    """
    seq = log.seq_of_commit(commit)
    if seq is None:
        raise UsageError(
            f"commit {commit[:7]} is not in the log, so its mesh is not known here",
            hint="gitmesh log --chain mesh shows those that are",
        )
    if log.state(seq).commit != commit:
        raise UsageError(
            f"commit {commit[:7]} was rejected: it never was a mesh",
            hint=f"gitmesh show {commit[:7]} tells why; pin one that was applied",
        )
    return seq
