"""Wakes very many sleepers with few timers: those who want to be woken at about one time share one.

A push to a thousand proxies sets a thousand deadlines that are nearly the same, and nearly none of
which is ever needed.
"""

import asyncio
import math
from typing import Final, Protocol

_GRAIN_S: Final = 0.02
"""How much later than asked for a sleeper may be woken."""


class Sleeper(Protocol):
    """Somebody who wants to be woken. Woken too early or in vain, he looks and sleeps again."""

    def wake(self) -> None:
        """The time has come."""


class Alarms:
    """The alarms of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._sleepers: dict[int, set[Sleeper]] = {}

    def set(self, sleeper: Sleeper, at: float) -> None:
        """Wake this sleeper at that time of the loop, or a little later."""
        slot = math.ceil(at / _GRAIN_S)
        sleepers = self._sleepers.get(slot)
        if sleepers is None:
            sleepers = self._sleepers[slot] = set()
            self._loop.call_at(slot * _GRAIN_S, self._ring, slot)
        sleepers.add(sleeper)

    def forget(self, sleeper: Sleeper, at: float) -> None:
        """Hold on to this sleeper no longer, who is to be woken at that time, if ever."""
        sleepers = self._sleepers.get(math.ceil(at / _GRAIN_S)) if at < math.inf else None
        if sleepers is not None:
            sleepers.discard(sleeper)

    def _ring(self, slot: int) -> None:
        for sleeper in self._sleepers.pop(slot):
            self._loop.call_soon(sleeper.wake)
