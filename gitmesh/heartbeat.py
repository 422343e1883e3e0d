"""Whether a worker still answers: one that hangs keeps its connections, and does nothing for them.

A worker whose process is stopped, or whose event loop is stuck, looks alive from outside: its
sockets are open, and the kernel goes on giving it connections. So each tells its parent something
at every beat, and one that is silent for too long is as good as dead.
"""

import asyncio
from collections.abc import Callable
from typing import Final

BEAT_S: Final = 1.0
"""How often a worker tells its parent something, be it nothing."""
UNRESPONSIVE: Final = 4
"""After how many missed beats a worker is said not to answer, and nobody waits for it any more."""
MOST_MISSED: Final = 15
"""How many beats a worker may miss. Taking over a commit that changes ten thousand resources, which
is the longest that one does without listening, takes three of them on a free core."""
MOST_MISSED_AT_FIRST: Final = 60
"""How many it may miss before the first, while it is being started."""


class Heartbeat:
    """What a parent hears of a worker's process."""

    def __init__(self, beat_s: float = BEAT_S, late: Callable[[], None] = lambda: None) -> None:
        """Listen for a beat every ``beat_s``.

        :param late: called when a worker that was heard before has missed :data:`UNRESPONSIVE`
            beats, each time.
        """
        self._beat_s = beat_s
        self._late = late
        self._may_miss = MOST_MISSED_AT_FIRST
        self._missed = 0

    def heard(self) -> None:
        """Take note that the worker has told something."""
        self._may_miss, self._missed = MOST_MISSED, 0

    async def silent(self) -> str:
        """Return when the worker has told nothing for too long, with words for how long.

        Time that this process itself slept through or was busy counts as one beat: what the worker
        told meanwhile has yet to be read.
        """
        while self._missed <= self._may_miss:
            await asyncio.sleep(self._beat_s)
            self._missed += 1
            if self._missed == UNRESPONSIVE and self._may_miss == MOST_MISSED:
                self._late()
        return f"told nothing for {self._missed * self._beat_s:.0f} s"
