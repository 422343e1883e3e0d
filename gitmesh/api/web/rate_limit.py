"""Rate limit of requests per identity."""

import math
import threading
import time
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from gitmesh.api.errors import ApiError

_MOST_KEPT: Final = 1_024
"""Counts that are kept before those of earlier windows are dropped."""


class RateLimit:
    """Counts the requests of each identity in each second. Thread-safe."""

    def __init__(self, per_second: int) -> None:
        self._item = RateLimitItemPerSecond(per_second)
        self._limiter = FixedWindowRateLimiter(WindowCounts())

    def admit(self, identity: str) -> None:
        """Count a request.

        :raises ApiError: the identity has sent too many requests; the error says when to retry.
        """
        if self._limiter.hit(self._item, identity):
            return
        window = self._limiter.get_window_stats(self._item, identity)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise ApiError(
            "TooManyRequestsException",
            429,
            f"{identity} may send {self._item.amount} requests a second",
            retry_after_s=wait,
        )


class WindowCounts(MemoryStorage):
    """Counts in memory. The library's own ``incr`` starts a thread every 10 ms to drop old ones."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count, which begins at 0 when its time has ended; return it."""
        with self._turn:
            if self.get(key) == 0:  # this drops one whose time has ended
                self._forget()
                self.expirations[key] = time.time() + expiry
            self.storage[key] += amount
            return self.storage[key]

    def _forget(self) -> None:
        if len(self.expirations) >= _MOST_KEPT:
            for key in list(self.expirations):
                self.get(key)
