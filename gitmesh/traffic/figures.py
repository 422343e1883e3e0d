"""Figures of traffic that people read: success, rates and latencies. Pure."""

from typing import Final, NamedTuple

from gitmesh.traffic.statistics import Estimate, quantile, share
from xds.reports.counts import Counts

QUANTILES: Final = (0.5, 0.9, 0.99)


class Answered(NamedTuple):
    """How many of some requests failed."""

    number: int
    failed: int
    basis: str
    """``requests``: of users. ``attempts``: retries count as well; used where requests are not
    known, and for gRPC, whose errors have the status 200."""


def answered(counts: Counts, protocol: str) -> Answered:
    """Return the requests of a count, and those that failed."""
    if counts.attempts and (protocol == "grpc" or not counts.requests):
        return Answered(counts.attempts, counts.failed_attempts, "attempts")
    failed = min(counts.server_errors, counts.requests)
    return Answered(counts.requests, failed, "requests")


class Figures(NamedTuple):
    """Figures of some requests."""

    counts: Counts
    answered: Answered
    success: Estimate | None
    """Share that did not fail; ``None`` if nothing was counted, which is not success."""
    latency_ms: tuple[Estimate | None, ...]
    """One for each of :data:`QUANTILES`."""


def figures(counts: Counts, protocol: str = "http") -> Figures:
    """Return the figures of some requests."""
    found = answered(counts, protocol)
    return Figures(
        counts,
        found,
        share(found.number - found.failed, found.number),
        tuple(quantile(counts.latency, q) for q in QUANTILES),
    )
