"""Rate limits by token bucket. Pure."""


class TokenBucket:
    """Token bucket: ``rate`` tokens a second, of which at most ``at_once`` are saved.

    Times are seconds of a monotonic clock.
    """

    __slots__ = ("_at", "_at_once", "_left", "_rate")

    def __init__(self, rate: float, at_once: float, now: float) -> None:
        self._rate = rate
        self._at_once = at_once
        self._left = at_once
        self._at = now

    def try_take(self, now: float) -> bool:
        """Take a token if there is one; return whether there was."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def take(self, count: float, now: float) -> float:
        """Take ``count`` tokens; return the seconds to wait until they are available."""
        self._fill(now)
        self._left -= count
        return max(0.0, -self._left / self._rate)

    def is_full(self, now: float) -> bool:
        """Return whether the bucket is full again, because no token was taken for long enough."""
        self._fill(now)
        return self._left >= self._at_once

    def give_back(self) -> None:
        """Put back a token that was taken but not used."""
        self._left = min(self._at_once, self._left + 1)

    def _fill(self, now: float) -> None:
        self._left = min(self._at_once, self._left + (now - self._at) * self._rate)
        self._at = now
