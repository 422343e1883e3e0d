"""Timers shared by many streams: wake-ups at about the same time use one timer.

A push to a thousand proxies sets a thousand deadlines that are nearly equal and mostly not needed.
"""

import asyncio
import math
from typing import Final, Protocol

_GRAIN_S: Final = 0.02
"""Maximum delay of a wake-up."""


class Sleeper(Protocol):
    """An object with a wake-up time. It must tolerate early and unneeded calls."""

    def wake(self) -> None:
        """Handle the wake-up."""


class Alarms:
    """Wake-up timers of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._sleepers: dict[int, set[Sleeper]] = {}

    def set(self, sleeper: Sleeper, at: float) -> None:
        """Schedule a wake-up at this loop time, or slightly later."""
        slot = math.ceil(at / _GRAIN_S)
        sleepers = self._sleepers.get(slot)
        if sleepers is None:
            sleepers = self._sleepers[slot] = set()
            self._loop.call_at(slot * _GRAIN_S, self._ring, slot)
        sleepers.add(sleeper)

    def forget(self, sleeper: Sleeper, at: float) -> None:
        """Cancel the wake-up scheduled for this time, if there is one."""
        sleepers = self._sleepers.get(math.ceil(at / _GRAIN_S)) if at < math.inf else None
        if sleepers is not None:
            sleepers.discard(sleeper)

    def _ring(self, slot: int) -> None:
        for sleeper in self._sleepers.pop(slot):
            self._loop.call_soon(sleeper.wake)
