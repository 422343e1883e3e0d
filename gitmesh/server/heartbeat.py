"""Heartbeat of workers: detects a worker that hangs while its connections stay open.

A stopped process, or one with a stuck event loop, looks alive from outside: its sockets are open,
and the kernel still gives it connections. So each worker sends its parent a message in every
interval, and a worker that is silent for too long is treated as dead.
"""

import asyncio
from collections.abc import Callable
from typing import Final

BEAT_S: Final = 1.0
"""Interval in which a worker sends a message, possibly an empty one."""
UNRESPONSIVE: Final = 4
"""Missed heartbeats after which a worker counts as unresponsive, and the other workers stop waiting
for it."""
MOST_MISSED: Final = 15
"""Maximum number of missed heartbeats. Applying a commit that changes ten thousand resources blocks
a worker the longest: three intervals on a free core."""
MOST_MISSED_AT_FIRST: Final = 60
"""Maximum number of missed heartbeats before the first message, while the worker starts."""


class Heartbeat:
    """Heartbeat of one worker process, as its parent sees it."""

    def __init__(self, beat_s: float = BEAT_S, late: Callable[[], None] = lambda: None) -> None:
        """Expect a heartbeat every ``beat_s``.

        :param late: called each time a worker that has sent heartbeats before misses
            :data:`UNRESPONSIVE` of them.
        """
        self._beat_s = beat_s
        self._late = late
        self._may_miss = MOST_MISSED_AT_FIRST
        self._missed = 0

    def heard(self) -> None:
        """Record a message of the worker."""
        self._may_miss, self._missed = MOST_MISSED, 0

    async def silent(self) -> str:
        """Wait until the worker is silent for too long; return a description of the silence.

        Time during which this process itself was suspended or busy counts as one interval: messages
        of the worker may still be unread.
        """
        while self._missed <= self._may_miss:
            await asyncio.sleep(self._beat_s)
            self._missed += 1
            if self._missed == UNRESPONSIVE and self._may_miss == MOST_MISSED:
                self._late()
        return f"told nothing for {self._missed * self._beat_s:.0f} s"
