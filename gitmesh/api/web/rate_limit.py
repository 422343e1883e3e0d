"""Rate limit of requests per identity."""

import math
import threading
import time
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import Storage
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


class WindowCounts(Storage):
    """Counts in memory. The library's own storage starts a thread every 10 ms to forget some."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        """Count, and when it ends."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors that mean that the storage is away: none."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a count, which begins at 0 when its time has ended; return it."""
        with self._turn:
            now = time.time()
            count, ends = self._counts.get(key, (0, 0.0))
            if ends <= now:
                self._forget(now)
                count, ends = 0, now + expiry
            self._counts[key] = count + amount, ends
            return count + amount

    def _forget(self, now: float) -> None:
        if len(self._counts) >= _MOST_KEPT:
            self._counts = {key: found for key, found in self._counts.items() if found[1] > now}

    def get(self, key: str) -> int:
        """Return a count."""
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Return when a count ends, in seconds since the epoch."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Tell whether the storage can be used."""
        return True

    def reset(self) -> int | None:
        """Forget all counts; return how many there were."""
        with self._turn:
            found, self._counts = len(self._counts), {}
        return found

    def clear(self, key: str) -> None:
        """Forget a count."""
        with self._turn:
            self._counts.pop(key, None)
