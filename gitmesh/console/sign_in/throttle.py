"""Throttle of attempts to sign in: by login, by address, and how many passwords are hashed at once.

Only failures count, so that nobody who knows their password waits for somebody who guesses.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_OF_PAIR: Final = RateLimitItemPerMinute(10, 15)
"""Failures of one login from one address."""
_OF_ADDRESS: Final = RateLimitItemPerMinute(50, 15)
_OF_LOGIN: Final = RateLimitItemPerMinute(100, 15)
_AT_ONCE: Final = 2
"""Passwords that are hashed at the same time: each takes 64 MiB and tens of milliseconds."""


class TooManyAttempts(Exception):
    """Nobody checks this attempt."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s
        """Seconds until the next one is checked."""


class Throttle:
    """Counts failures. Safe to use from several threads."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def attempt(self, login: str, address: str) -> Iterator[None]:
        """Run one check of a password.

        :raises TooManyAttempts: too many failed before, or are being checked.
        """
        self._require_few(login, address)
        if not self._free.acquire(timeout=2.0):
            raise TooManyAttempts(2)
        try:
            self._require_few(login, address)  # many may have come at once, and failed meanwhile
            yield
        finally:
            self._free.release()

    def _require_few(self, login: str, address: str) -> None:
        for item, keys in _counted(login, address):
            if not self._limiter.test(item, *keys):
                reset = self._limiter.get_window_stats(item, *keys).reset_time
                raise TooManyAttempts(max(1, math.ceil(reset - time.time())))

    def failed(self, login: str, address: str) -> None:
        """Count a failure."""
        for item, keys in _counted(login, address):
            self._limiter.hit(item, *keys)


def _counted(login: str, address: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
    name = login[:200]
    return [
        (_OF_PAIR, ("pair", name, address)),
        (_OF_ADDRESS, ("address", address)),
        (_OF_LOGIN, ("login", name)),
    ]
