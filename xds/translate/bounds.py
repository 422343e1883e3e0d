"""Numbers as Envoy can hold them: a spec may say more than any proxy can count or wait.

The API puts no upper limit on counts and durations. Envoy rejects what does not fit its fields,
and with it the whole resource, so each number becomes the nearest one that Envoy accepts.
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
    """Return a length of time; zero stays zero, which Envoy takes for "off"."""
    value = min(duration.value or 0, _LONGEST // _SHORTEST)
    long = timedelta(milliseconds=value) if duration.unit == "ms" else timedelta(seconds=value)
    return min(long, _LONGEST)


def positive_length(duration: Duration) -> timedelta:
    """Return a length of time for a field that cannot be off."""
    return max(length(duration), _SHORTEST)
