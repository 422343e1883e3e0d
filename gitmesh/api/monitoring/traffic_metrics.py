"""Metrics of the traffic that proxies report, in the format of Prometheus."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from xds.reports.counts import LATENCY_BOUNDS_MS, Counts

Totals = Mapping[tuple[str, str], Counts]
"""Sums since the server's start, by keys of the caller and of the target."""

LABELS: Final = {
    "gitmesh_traffic_requests": ("caller", "target", "result"),
    "gitmesh_traffic_attempts": ("caller", "target", "result"),
    "gitmesh_traffic_request_seconds": ("caller", "target"),
}
_BOUNDS: Final = tuple(f"{bound / 1000:g}" for bound in LATENCY_BOUNDS_MS)


class TrafficTotals(Collector):
    """Counters of reported traffic, by caller and target."""

    def __init__(self, totals: Callable[[], Totals]) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        requests = CounterMetricFamily(
            "gitmesh_traffic_requests",
            "Requests of users that proxies reported, by result: success, client_error (4xx) or "
            "server_error (5xx).",
            labels=LABELS["gitmesh_traffic_requests"],
        )
        attempts = CounterMetricFamily(
            "gitmesh_traffic_attempts",
            "Attempts that proxies reported, retries among them, by result: success or failure.",
            labels=LABELS["gitmesh_traffic_attempts"],
        )
        latency = HistogramMetricFamily(
            "gitmesh_traffic_request_seconds",
            "Latency of requests that proxies reported.",
            labels=LABELS["gitmesh_traffic_request_seconds"],
        )
        for (caller, target), counts in sorted(self._totals().items()):
            good = counts.requests - counts.client_errors - counts.server_errors
            requests.add_metric([caller, target, "success"], max(0, good))
            requests.add_metric([caller, target, "client_error"], counts.client_errors)
            requests.add_metric([caller, target, "server_error"], counts.server_errors)
            passed = counts.attempts - counts.failed_attempts
            attempts.add_metric([caller, target, "success"], passed)
            attempts.add_metric([caller, target, "failure"], counts.failed_attempts)
            if counts.latency:
                buckets = list(_cumulative(counts))
                latency.add_metric([caller, target], buckets, sum_value=None)
        yield from (requests, attempts, latency)


def _cumulative(counts: Counts) -> Iterator[tuple[str, float]]:
    below = 0
    for bound, number in zip((*_BOUNDS, "+Inf"), counts.latency, strict=True):
        below += number
        yield bound, below
