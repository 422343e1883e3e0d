"""Rate limit on refused pushes in the event log, so that no pusher can fill it. Pure.

Each pusher has a budget, and all pushers share one. Pushes beyond the budget are only counted. When
there is budget again, one event records the newest of these pushes, and the number of the others.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from events.types import PushRefused

BURST: Final = 20
"""Refused pushes of one pusher that are recorded one by one."""
BURST_OF_ALL: Final = 100
PER_S: Final = 1 / 60
"""Refill rate of the budgets, of one pusher and of all."""
MOST_PUSHERS: Final = 100
"""Maximum number of budgets in memory. Beyond it, the counts of the least recent pushers are
merged."""
_OTHERS: Final = ("", "")


@dataclass(slots=True)
class _Bucket:
    """A token bucket."""

    size: float
    left: float
    at_s: float

    def fill(self, now_s: float) -> None:
        """Add the tokens for the time that has passed."""
        self.left = min(self.size, self.left + max(0.0, now_s - self.at_s) * PER_S)
        self.at_s = now_s


@dataclass(slots=True)
class _Held:
    """Attempts of one pusher beyond their budget."""

    bucket: _Bucket
    newest: PushRefused | None = None
    count: int = 0


@dataclass(slots=True)
class RefusalLimit:
    """Rate limit that decides which refused pushes are recorded, and which are only counted."""

    _pushers: OrderedDict[tuple[str, str], _Held] = field(default_factory=OrderedDict)
    _all: _Bucket | None = None

    def take(self, events: Iterable[PushRefused], now_s: float) -> list[PushRefused]:
        """Process refused pushes in order; return those to record now, including earlier ones."""
        told = list[PushRefused]()
        for event in events:
            held = self._of(event, now_s)
            held.newest, held.count = event, held.count + 1
            told += self._release(held, now_s)
        return told + self.due(now_s)

    def due(self, now_s: float) -> list[PushRefused]:
        """Return earlier refusals that may be recorded now."""
        waiting = [held for held in self._pushers.values() if held.newest is not None]
        return [event for held in waiting for event in self._release(held, now_s)]

    def rest(self) -> list[PushRefused]:
        """Return all unrecorded refusals, one event per pusher; called when the server ends."""
        waiting = [held for held in self._pushers.values() if held.newest is not None]
        return [event for held in waiting for event in _told(held)]

    def _of(self, event: PushRefused, now_s: float) -> _Held:
        held = self._held((event.account, event.pusher), now_s)
        if len(self._pushers) > MOST_PUSHERS:
            _, forgotten = self._pushers.popitem(last=False)
            others = self._held(_OTHERS, now_s)
            others.newest = forgotten.newest or others.newest
            others.count += forgotten.count
        return held

    def _held(self, who: tuple[str, str], now_s: float) -> _Held:
        held = self._pushers.setdefault(who, _Held(_Bucket(BURST, BURST, now_s)))
        self._pushers.move_to_end(who)
        return held

    def _release(self, held: _Held, now_s: float) -> list[PushRefused]:
        """Return a pusher's newest unrecorded refusal, if both budgets allow it."""
        if self._all is None:
            self._all = _Bucket(BURST_OF_ALL, BURST_OF_ALL, now_s)
        buckets = (held.bucket, self._all)
        for bucket in buckets:
            bucket.fill(now_s)
        if any(bucket.left < 1 for bucket in buckets):
            return []
        for bucket in buckets:
            bucket.left -= 1
        return _told(held)


def _told(held: _Held) -> list[PushRefused]:
    event, count = held.newest, held.count
    held.newest, held.count = None, 0
    return [] if event is None else [replace(event, unrecorded=count - 1)]
