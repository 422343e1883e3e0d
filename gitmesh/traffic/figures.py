"""Figures of traffic that people read: success, rates and latencies. Pure."""

from typing import Final, NamedTuple

from gitmesh.traffic.statistics import Estimate, quantile, share
from xds.reports.counts import Counts

QUANTILES: Final = (0.5, 0.9, 0.99)


class Figures(NamedTuple):
    """Figures of some requests."""

    counts: Counts
    basis: str
    """``requests``: of users. ``attempts``: retries count as well; used where requests are not
    known, and for gRPC, whose errors have the status 200."""
    success: Estimate | None
    """Share that did not fail; ``None`` if nothing was counted, which is not success."""
    latency_ms: tuple[Estimate | None, ...]
    """One for each of :data:`QUANTILES`."""


def figures(counts: Counts, protocol: str = "http") -> Figures:
    """Return the figures of some requests."""
    by_attempts = counts.attempts and (protocol == "grpc" or not counts.requests)
    if by_attempts:
        whole, failed = counts.attempts, counts.failed_attempts
    else:
        whole, failed = counts.requests, min(counts.server_errors, counts.requests)
    return Figures(
        counts,
        "attempts" if by_attempts else "requests",
        share(whole - failed, whole),
        tuple(quantile(counts.latency, q) for q in QUANTILES),
    )
