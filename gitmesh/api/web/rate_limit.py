"""Rate limit of requests per identity."""

import math
import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from gitmesh.api.errors import ApiError


class RateLimit:
    """Counts the requests of each identity in each second. Thread-safe."""

    def __init__(self, per_second: int) -> None:
        self._item = RateLimitItemPerSecond(per_second)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

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
