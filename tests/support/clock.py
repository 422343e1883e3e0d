"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Stands still until it is told otherwise; give it wherever ``now`` is asked for."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        """Move the clock: ``move(hours=-1)`` turns it back."""
        self.time += timedelta(**by)
