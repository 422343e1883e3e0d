"""Timers shared by many streams: wake-ups at about the same time use one timer.

A push to a thousand proxies sets a thousand deadlines that are nearly equal and mostly not needed.
"""

import asyncio
import math
from typing import Final, Protocol

_GRAIN_S: Final = 0.02
"""Maximum delay of a wake-up."""


class Wakeable(Protocol):
    """An object with a wake-up time. It must tolerate early and unneeded calls."""

    def wake(self) -> None:
        """Handle the wake-up."""


class WakeUps:
    """Wake-up timers of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wakeables: dict[int, set[Wakeable]] = {}

    def set(self, wakeable: Wakeable, at: float) -> None:
        """Schedule a wake-up at this loop time, or slightly later."""
        slot = math.ceil(at / _GRAIN_S)
        wakeables = self._wakeables.get(slot)
        if wakeables is None:
            wakeables = self._wakeables[slot] = set()
            self._loop.call_at(slot * _GRAIN_S, self._wake_all, slot)
        wakeables.add(wakeable)

    def forget(self, wakeable: Wakeable, at: float) -> None:
        """Cancel the wake-up scheduled for this time, if there is one."""
        wakeables = self._wakeables.get(math.ceil(at / _GRAIN_S)) if at < math.inf else None
        if wakeables is not None:
            wakeables.discard(wakeable)

    def _wake_all(self, slot: int) -> None:
        for wakeable in self._wakeables.pop(slot):
            self._loop.call_soon(wakeable.wake)
