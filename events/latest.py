"""Hand-off of state between tasks: readers always get the newest value."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Cell with the newest value. A slow reader may skip values, but always gets the newest in the
    end."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def version(self) -> int:
        """Number of values set so far; 0 means none."""
        return self._version

    def get(self) -> T | None:
        """Return the newest value, or ``None`` before the first :meth:`set`."""
        return self._value

    def set(self, value: T) -> None:
        """Replace the value and wake all waiters. Call it from the event loop's thread."""
        self._value = value
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def after(self, seen: int) -> tuple[T, int]:
        """Wait until there is a value newer than version ``seen``; return it with its version."""
        while self._version <= seen or self._value is None:
            await self._changed.wait()
        return self._value, self._version
