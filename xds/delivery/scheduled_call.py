"""A function call with one timer; a new time replaces the old one."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias


class Timer(Protocol):
    """A timer of the event loop."""

    def cancel(self) -> None:
        """Cancel the call."""


Later: TypeAlias = Callable[[float, Callable[[], None]], Timer]
"""Function that schedules a call after some seconds."""


def later(delay_s: float, call: Callable[[], None]) -> Timer:
    """Schedule a function in the running event loop."""
    return asyncio.get_running_loop().call_later(delay_s, call)


class ScheduledCall:
    """Timer for one function; a new time replaces the old one."""

    def __init__(self, later: Later, call: Callable[[], None]) -> None:
        self._later = later
        self._call = call
        self._timer: Timer | None = None
        self._delay_s = 0.0

    def within(self, delay_s: float) -> None:
        """Schedule the call, unless it is scheduled with a delay that is not longer."""
        if self._timer is None or self._delay_s > delay_s:
            self.set(delay_s)

    def set(self, delay_s: float | None) -> None:
        """Schedule the call, and no other; ``None`` cancels it."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if delay_s is not None:
            self._delay_s = delay_s
            self._timer = self._later(delay_s, self._remind)

    def _remind(self) -> None:
        self._timer = None
        self._call()
