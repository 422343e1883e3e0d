"""Rates and quantiles with their intervals of confidence. Pure.

All intervals are for 95 %. They hold for a comparison that is made once: whoever looks again and
again until something is significant needs a sequential test.
"""

from math import sqrt
from typing import Final, NamedTuple

from xds.reports.counts import LATENCY_BOUNDS_MS, Latency

Z: Final = 1.959964
"""Quantile of the normal distribution for 95 %."""


class Estimate(NamedTuple):
    """A figure with its interval of confidence."""

    value: float
    low: float
    high: float


def share(part: int, whole: int) -> Estimate | None:
    """Return a share with Wilson's interval; ``None`` of nothing."""
    if whole <= 0:
        return None
    p, z2 = part / whole, Z * Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z / (1 + z2 / whole) * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))


def difference(before: Estimate | None, after: Estimate | None) -> Estimate | None:
    """Return ``after - before`` of two shares with Newcombe's interval (method 10)."""
    if before is None or after is None:
        return None
    found = after.value - before.value
    low = sqrt((after.value - after.low) ** 2 + (before.high - before.value) ** 2)
    high = sqrt((after.high - after.value) ** 2 + (before.value - before.low) ** 2)
    return Estimate(found, max(-1.0, found - low), min(1.0, found + high))


def quantile(latency: Latency, q: float) -> Estimate | None:
    """Return a quantile of latencies in milliseconds; ``None`` without a sample.

    The value is interpolated within its bucket. The interval is that of the order statistics,
    widened to whole buckets: the samples' places within a bucket are not known.
    """
    count = sum(latency)
    if not count:
        return None
    spread = Z * sqrt(count * q * (1 - q))
    low, _ = _bucket(latency, max(0.0, q * count - spread))
    _, high = _bucket(latency, min(float(count), q * count + spread))
    return Estimate(_interpolated(latency, q * count), low, high)


def below(latency: Latency, limit_ms: float) -> float:
    """Return the number of requests that took less than a time.

    Inside a bucket it grows evenly. Those of the last bucket, which has no bound, took longer.
    """
    found, lower = 0.0, 0.0
    for upper, count in zip(LATENCY_BOUNDS_MS, latency, strict=False):
        if limit_ms < upper:
            return found + count * max(0.0, limit_ms - lower) / (upper - lower)
        found, lower = found + count, upper
    return found


def _bucket(latency: Latency, rank: float) -> tuple[float, float]:
    """Return the bounds of the bucket with the sample of this rank."""
    bounds = (0.0, *LATENCY_BOUNDS_MS, LATENCY_BOUNDS_MS[-1])
    place = _place(latency, rank)
    return bounds[place], bounds[place + 1]


def _place(latency: Latency, rank: float) -> int:
    below = 0
    for place, count in enumerate(latency):
        below += count
        if count and below >= rank:
            return place
    return len(latency) - 1


def _interpolated(latency: Latency, rank: float) -> float:
    place = _place(latency, rank)
    low, high = _bucket(latency, rank)
    before = sum(latency[:place])
    inside = latency[place]
    return low + (high - low) * (rank - before) / inside if inside else high
