"""Moments of a mesh's history: a position, a commit, or a time.

``12`` is a position in the mesh chain, ``a1b2c3d`` a commit in the log, ``main`` or ``HEAD~2`` a
revision of the repository. ``2026-11-25T03:12Z``, ``2 hours ago`` and ``03:12`` are times.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from events.store import EventReader
from events.types import Chain, CommitId, Seq
from gitmesh.queries.pins import pinned
from mesh.errors import UsageError

SHORT_COMMIT: Final = 7
"""Minimum length of an abbreviated commit id, shown or accepted."""

_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_AGO = re.compile(r"(\d{1,6}|an?)\s+(second|minute|hour|day|week)s?\s+ago", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?:(?P<day>today|yesterday)(?:\s+at)?\s+)?"
    r"(?P<hour>\d{1,2}):(?P<rest>\d{2}(?::\d{2})?)\s?(?P<zone>Z|[+-]\d{2}:\d{2})?",
    re.IGNORECASE,
)
_LOOKS_LIKE_A_TIME = re.compile(r"\d{4}-\d{2}-\d{2}")

Resolve = Callable[[str], CommitId]
"""Function that returns the commit of a revision; raises UsageError if there is none."""


def parse_time(text: str, now: datetime) -> datetime | None:
    """Parse a time, in UTC; ``None`` if the text is not a time.

    A time without an offset is UTC, like the log's times. A date means its first moment; a time of
    day means its last occurrence, today or yesterday.

    :raises UsageError: the text begins like a date or a time of day, but is invalid.
    """
    words = text.strip()
    if words.lower() in ("now", "yesterday"):
        return now - timedelta(days=words.lower() == "yesterday")
    if ago := _AGO.fullmatch(words):
        number, unit = ago[1].lower(), ago[2].lower()
        try:
            return now - (int(number) if number.isdigit() else 1) * _UNITS[unit]
        except OverflowError:
            raise UsageError(f"{text!r} is too far in the past") from None
    if clock := _CLOCK.fullmatch(words):
        return _time_of_day(clock, text, now)
    if not _LOOKS_LIKE_A_TIME.match(words):
        return None
    found = _iso(words, text)
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{text!r} is too far in the future") from None


def _time_of_day(clock: re.Match[str], text: str, now: datetime) -> datetime:
    time = f"{clock['hour']:0>2}:{clock['rest']}{(clock['zone'] or 'Z').upper()}"
    there = now.astimezone(_iso(f"{now:%Y-%m-%d}T{time}", text).tzinfo)
    found = _iso(f"{there:%Y-%m-%d}T{time}", text).astimezone(UTC)
    day = (clock["day"] or "").lower()
    return found - timedelta(days=day == "yesterday" or (not day and found > now))


def _iso(words: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a time",
            hint="write it like 2026-11-25T03:12:00Z, 2026-11-25 or 03:12",
        ) from None


def moment_seq(log: EventReader, moment: str, now: datetime, resolve: Resolve | None = None) -> Seq:
    """Return the mesh chain position whose mesh was served at a moment.

    For a commit, this is the last event of its transaction; for a time, the last event recorded by
    then, or the position that was pinned then. Digits are a position; but 7 or more digits beyond
    the end of the chain are a commit. ``resolve`` finds revisions that are not in the log.

    :raises UsageError: the moment is invalid, or unknown to this log.
    """
    head = log.head(Chain.MESH).seq
    if _is_position(moment, head):
        seq = Seq(int(moment))
        if seq > head:
            raise UsageError(f"there is no event {seq}", hint=f"the mesh chain ends at {head}")
        return seq
    if (when := parse_time(moment, now)) is not None:
        pin = pinned(log, when)
        return log.seq_at(when) if pin is None else pin.mesh_seq
    return _of_commit(log, moment, resolve)


def _of_commit(log: EventReader, moment: str, resolve: Resolve | None) -> Seq:
    found = log.seq_of_commit(moment) if is_hex(moment) else None
    if found is None and resolve is not None:
        found = log.seq_of_commit(resolve(moment))
    if found is None:
        raise UsageError(
            f"no commit {moment!r} in the log",
            hint='see: gitmesh log --commits; times are written like "2 hours ago"',
        )
    return found


def is_hex(text: str) -> bool:
    """Return whether a text may be a prefix of a commit id."""
    return 4 <= len(text) <= 64 and set(text.lower()) <= set("0123456789abcdef")


def _is_position(moment: str, head: int) -> bool:
    """Return whether digits are a position or a commit id: one in 27 short commit ids consists only
    of digits."""
    if not (moment.isascii() and moment.isdigit()):
        return False
    if len(moment) < SHORT_COMMIT:
        return True
    return moment[0] != "0" and len(moment) <= len(str(head)) and int(moment) <= head
