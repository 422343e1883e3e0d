"""Return of unused memory to the system after many streams have ended.

The C library's allocator keeps freed memory below memory that is still in use, until malloc_trim(3)
is called. Without it, the memory of a thousand ended streams would never be returned.
"""

import asyncio
import ctypes
from collections.abc import Callable
from typing import Final

MANY: Final = 100
"""Number of ended streams after which a memory trim is worth its cost."""
_PAUSE_S: Final = 1.0
"""Delay before the trim: streams often end together, and their connections a moment later."""


def trim() -> bool:
    """Return unused memory to the system; return whether this C library supports it.

    This takes some milliseconds per hundred megabytes; other threads continue unless they allocate.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is None:  # Not the GNU C library.
        return False
    malloc_trim(0)
    return True


class Heap:
    """Counts ended streams and triggers a memory trim."""

    def __init__(self, trim: Callable[[], object] = trim, *, pause_s: float = _PAUSE_S) -> None:
        self._trim = trim
        self._pause_s = pause_s
        self._ended = 0

    def ended(self) -> None:
        """Count an ended stream."""
        self._ended += 1
        if self._ended == MANY:
            asyncio.get_running_loop().call_later(self._pause_s, self._look)

    def _look(self) -> None:
        self._ended = 0
        asyncio.get_running_loop().run_in_executor(None, self._trim)
