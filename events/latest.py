"""Hand-off of state between tasks: the newest value wins, and nobody misses it."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """A cell that holds the newest value; a slow reader skips some but never ends on an old one."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def version(self) -> int:
        """How many values there have been; 0 means none yet."""
        return self._version

    def get(self) -> T | None:
        """Return the newest value, or ``None`` before the first."""
        return self._value

    def set(self, value: T) -> None:
        """Replace the value and wake every waiter. Call it from the event loop's own thread."""
        self._value = value
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def after(self, seen: int) -> tuple[T, int]:
        """Wait until there is a value newer than version ``seen``; return it with its version."""
        while self._version <= seen or self._value is None:
            await self._changed.wait()
        return self._value, self._version
