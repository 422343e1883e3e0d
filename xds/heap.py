"""Memory that the process has and does not use: given back when many streams have ended.

The allocator of the C library keeps what was freed below anything that is still in use, until it is
told to look for whole pages (malloc_trim(3)). What a thousand streams had would stay for ever.
"""

import asyncio
import ctypes
from collections.abc import Callable
from typing import Final

MANY: Final = 100
"""How many streams end before it is worth while to look."""
_PAUSE_S: Final = 1.0
"""How long after that: many that end, end together, and their connections a moment later."""


def trim() -> bool:
    """Give memory that is not used back to the system; return whether this C library can.

    Other threads go on, unless they allocate: some milliseconds for a hundred megabytes.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is None:  # Not the GNU C library.
        return False
    malloc_trim(0)
    return True


class Heap:
    """Counts what ends, and has memory given back when that is worth while."""

    def __init__(self, trim: Callable[[], object] = trim, *, pause_s: float = _PAUSE_S) -> None:
        self._trim = trim
        self._pause_s = pause_s
        self._ended = 0

    def ended(self) -> None:
        """Take note that a stream has ended."""
        self._ended += 1
        if self._ended == MANY:
            asyncio.get_running_loop().call_later(self._pause_s, self._look)

    def _look(self) -> None:
        self._ended = 0
        asyncio.get_running_loop().run_in_executor(None, self._trim)
