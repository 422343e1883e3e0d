"""Conversion of numbers to ranges that Envoy accepts.

The API has no upper limit on counts and durations. Envoy rejects a whole resource if one number
does not fit its field, so each number becomes the nearest number that Envoy accepts.
"""

from datetime import timedelta
from typing import Final

from mesh.spec.common import Duration

UNLIMITED: Final = 2**31 - 1
"""App Mesh's "no limit" for counts."""

_LONGEST: Final = timedelta(days=3650)
_SHORTEST: Final = timedelta(milliseconds=1)


def count(value: int) -> int:
    """Return a count that fits 32 bits."""
    return min(value, UNLIMITED)


def signed(value: int) -> int:
    """Return a number that fits 64 bits with a sign."""
    return max(-(2**63), min(value, 2**63 - 1))


def length(duration: Duration) -> timedelta:
    """Return a duration; zero stays zero, which means "off" in Envoy."""
    value = min(duration.value or 0, _LONGEST // _SHORTEST)
    long = timedelta(milliseconds=value) if duration.unit == "ms" else timedelta(seconds=value)
    return min(long, _LONGEST)


def positive_length(duration: Duration) -> timedelta:
    """Return a positive duration, for a field in which zero does not mean "off"."""
    return max(length(duration), _SHORTEST)
