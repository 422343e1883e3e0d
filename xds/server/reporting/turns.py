"""Low priority for reports: a small share of the event loop, and none of it during a push."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

AT_ONCE: Final = 5
"""Reports processed before other work of the event loop is done; each takes about 0.2 ms."""
PAUSE_S: Final = 0.004
LOOK_S: Final = 0.02
LONGEST_S: Final = 3.0
"""Maximum time for which reports wait for a push."""
MAX_HELD_BYTES: Final = 16 << 20
"""Maximum size of all waiting reports; further ones are dropped."""


class Turns:
    """Turns for the processing of reports, first come, first served."""

    def __init__(self, pushing: Callable[[], bool]) -> None:
        """Begin with no report.

        :param pushing: returns whether a publication is being offered to proxies now.
        """
        self._pushing = pushing
        self._waiting = deque[asyncio.Future[None]]()
        self._held_bytes = 0
        self._task: asyncio.Task[None] | None = None

    async def take(self, size: int) -> bool:
        """Wait for a turn; return false if a report of this size must be dropped, because too much
        waits."""
        if self._held_bytes + size > MAX_HELD_BYTES:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._held_bytes += size
        if self._task is None:
            self._task = asyncio.create_task(self._give())
        try:
            await turn
        finally:
            self._held_bytes -= size
        return True

    async def _give(self) -> None:
        """Give turns until nobody waits."""
        try:
            while self._waiting:
                await self._wait_for_push()
                for _ in range(min(AT_ONCE, len(self._waiting))):
                    turn = self._waiting.popleft()
                    if not turn.done():  # its stream was cancelled otherwise
                        turn.set_result(None)
                await asyncio.sleep(PAUSE_S)
        finally:
            self._task = None

    async def _wait_for_push(self) -> None:
        deadline = time.monotonic() + LONGEST_S
        while self._pushing() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
