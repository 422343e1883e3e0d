"""Times of events that cannot be true, because the clock was wrong."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from events.store import EventReader
from events.types import Chain

AHEAD: Final = timedelta(minutes=1)
MANY: Final = 10
"""Minimum number of transactions with wrong times that is reported: clocks are often set back a
little."""
_TICK: Final = timedelta(microseconds=1)
"""Step by which the log advances the time of each transaction while the clock is behind."""


def clock_notes(log: EventReader, now: datetime) -> list[str]:
    """Return notes about events of a log whose times cannot be true, as text."""
    return [note for chain in Chain for note in _of_chain(log, chain, now)]


def _of_chain(log: EventReader, chain: Chain, now: datetime) -> Iterator[str]:
    before: datetime | None = None
    text = ""
    ahead: int | None = None
    behind: int | None = None
    transactions = 0
    for row in log.rows(chain):
        if row.at == text:
            continue
        text = row.at
        if (at := _time(text)) is None:
            return  # damaged, which others say
        if ahead is None and at - now > AHEAD:
            ahead = row.seq
        if before is not None and at - before == _TICK:
            behind = behind or row.seq
            transactions += 1
        before = at
    if ahead is not None:
        yield (
            f"{chain} chain: events from position {ahead} on are of a time to come, up to {text}: "
            "the clock was ahead, or is behind now"
        )
    if behind is not None and transactions >= MANY:
        yield (
            f"{chain} chain: the times of {transactions} transactions from position {behind} on "
            "are not true: the clock was behind the event before"
        )


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None
