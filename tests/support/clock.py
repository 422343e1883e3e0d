"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that does not advance by itself; use it as ``now``."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        """Move the clock: ``move(hours=-1)`` sets it back."""
        self.time += timedelta(**by)
