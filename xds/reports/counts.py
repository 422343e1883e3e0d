"""Counts of one cluster's traffic, and how they are added. Pure.

Two services report. The *metrics service* counts users' requests: one request has one result,
whatever was retried. The *load reporting service* counts attempts: a request with two retries is
three attempts. A rate of one must not be divided by a count of the other.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

LATENCY_BOUNDS_MS: Final = (
    *(0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 25.0, 35.0, 50.0, 75.0, 100.0, 150.0, 250.0),
    *(350.0, 500.0, 750.0, 1_000.0, 1_500.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0),
    *(300_000.0, 600_000.0, 1_800_000.0, 3_600_000.0),
)
"""Upper bounds of the latency buckets, in milliseconds. All of Envoy's default bounds are among
them, so histograms of proxies with default buckets lose nothing. A last bucket has no bound."""

BUCKETS: Final = len(LATENCY_BOUNDS_MS) + 1

Latency = tuple[int, ...]
"""Number of requests per latency bucket; empty, or one number per bucket."""


class Counts(NamedTuple):
    """What happened to the requests for one cluster. All counts are of one period of time."""

    requests: int = 0
    """Requests of users that were answered, by the upstream or by the proxy itself."""
    client_errors: int = 0
    """Of these, those answered with 4xx."""
    server_errors: int = 0
    """Of these, those answered with 5xx, also by the proxy itself (timeout, no connection)."""
    retries: int = 0
    timeouts: int = 0
    """Requests that ended because of a timeout."""
    connect_failures: int = 0
    """Connections that could not be opened."""
    attempts: int = 0
    """Attempts that ended: a retry is one more attempt."""
    failed_attempts: int = 0
    """Of these, those that failed: 5xx, timeout, reset, refused connection, or an error status of
    gRPC."""
    dropped: int = 0
    """Requests that the proxy dropped because of a limit, such as a circuit breaker."""
    latency: Latency = ()
    """Requests per bucket of :data:`LATENCY_BOUNDS_MS`."""

    def __bool__(self) -> bool:
        """Return whether anything was counted."""
        return any(self[:-1]) or any(self.latency)

    def plus(self, other: "Counts") -> "Counts":
        """Return the sums; latencies are added by bucket."""
        numbers = (a + b for a, b in zip(self[:-1], other[:-1], strict=True))
        return Counts._make((*numbers, add_latencies(self.latency, other.latency)))


def add_latencies(one: Latency, other: Latency) -> Latency:
    """Return the sum of two histograms, by bucket."""
    if not one or not other:
        return one or other
    return tuple(a + b for a, b in zip(one, other, strict=True))


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum of all counts."""
    found = Counts()
    for each in counts:
        found = found.plus(each)
    return found


def latency_of(buckets: Iterable[tuple[float, int]], count: int) -> Latency:
    """Return a histogram in our buckets, from pairs of upper bound and cumulative count.

    A bucket with another bound than ours counts for the next higher one of ours. ``count`` is the
    number of all samples; samples beyond the last bound are in our last bucket.

    :raises ValueError: the bounds or the cumulative counts decrease, or exceed ``count``.
    """
    if not count:
        return ()
    found, before, last = [0] * BUCKETS, 0, float("-inf")
    for bound, cumulative in buckets:
        if not (bound > last and before <= cumulative <= count):
            raise ValueError("the buckets of a histogram are not in order")
        if cumulative > before:
            found[bisect_left(LATENCY_BOUNDS_MS, bound)] += cumulative - before
        last, before = bound, cumulative
    found[-1] += count - before
    return tuple(found)
