"""Metrics of a server: their names, labels and meanings, for Prometheus.

Names follow the conventions of istiod, Consul and Envoy Gateway: a prefix, base units, ``_total``.
"""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from events.store import EventReader
from events.types import Chain, ProxyState
from gitmesh.access.permission import READ_ALL, Permission
from gitmesh.api.monitoring.traffic_metrics import LABELS as TRAFFIC_LABELS
from gitmesh.api.monitoring.traffic_metrics import Totals, TrafficTotals
from mesh.errors import UsageError
from mesh.keys import ResourceKey

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LABELS: Final = {
    "python_info": ("version", "implementation", "major", "minor", "patchlevel"),
    "gitmesh_build": ("version",),
    "gitmesh_reconcile_commits": ("result",),
    "gitmesh_reconcile_resource_changes": ("event",),
    "gitmesh_reconcile_degraded": ("reason",),
    "gitmesh_xds_nacks": ("type",),
    "gitmesh_xds_connected_proxies": ("mesh",),
    "gitmesh_xds_out_of_sync_proxies": ("mesh",),
    "gitmesh_problems": ("severity",),
    "gitmesh_log_events": ("chain",),
    "gitmesh_api_requests": ("operation", "status"),
    "gitmesh_api_request_seconds": ("operation",),
    **TRAFFIC_LABELS,
}
"""Labels by metric family; families that are not listed have none."""
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one server process, with counters that begin at its start."""

    def __init__(
        self,
        version: str,
        log: EventReader | None = None,
        traffic: Callable[[], Totals] = dict,
    ) -> None:
        self.registry = CollectorRegistry()
        at = self.registry
        for collector in (ProcessCollector, PlatformCollector):
            collector(registry=at)
        Info("gitmesh_build", "Version of gitmesh.", registry=at).info({"version": version})
        self.commits = Counter(
            "gitmesh_reconcile_commits",
            "Commits of the branch, by result: applied or rejected.",
            LABELS["gitmesh_reconcile_commits"],
            registry=at,
        )
        self.rewrites = Counter(
            "gitmesh_reconcile_history_rewrites",
            "Moves of the branch to a commit that does not descend from the last one.",
            registry=at,
        )
        self.reconcile = Histogram(
            "gitmesh_reconcile_seconds",
            "Time to read, link and plan a commit.",
            buckets=_SECONDS,
            registry=at,
        )
        self.resources = Counter(
            "gitmesh_reconcile_resource_changes",
            "Resource events: ResourceAdded, ResourceChanged, TrafficShifted, ResourceRemoved.",
            LABELS["gitmesh_reconcile_resource_changes"],
            registry=at,
        )
        self.pushes = Counter(
            "gitmesh_xds_pushes",
            "Snapshots of the mesh that were offered to proxies.",
            registry=at,
        )
        self.offers = Counter(
            "gitmesh_xds_offers", "Proxies that were offered a snapshot.", registry=at
        )
        self.acks = Counter(
            "gitmesh_xds_acks",
            "Proxies that acknowledged all of a snapshot, or left before.",
            registry=at,
        )
        self.nacks = Counter(
            "gitmesh_xds_nacks",
            "Refusals of proxies (NACK), by type of the refused resource.",
            LABELS["gitmesh_xds_nacks"],
            registry=at,
        )
        self.late = Counter(
            "gitmesh_xds_delayed", "Snapshots that were not acknowledged in time.", registry=at
        )
        self.convergence = Histogram(
            "gitmesh_xds_convergence_seconds",
            "Time from the commit (or pin) until the last affected proxy acknowledged it.",
            buckets=_SECONDS,
            registry=at,
        )
        self.connects = Counter("gitmesh_xds_connects", "Streams that proxies opened.", registry=at)
        self.disconnects = Counter(
            "gitmesh_xds_disconnects", "Streams of proxies that ended.", registry=at
        )
        self.requests = Counter(
            "gitmesh_api_requests",
            "Requests of the HTTP API, by operation and status.",
            LABELS["gitmesh_api_requests"],
            registry=at,
        )
        self.request_time = Histogram(
            "gitmesh_api_request_seconds",
            "Time from a request's headers to those of its answer.",
            LABELS["gitmesh_api_request_seconds"],
            buckets=_SECONDS,
            registry=at,
        )
        self.connections = Gauge(
            "gitmesh_api_connections", "Open connections of API clients.", registry=at
        )
        self.log_bytes = Gauge(
            "gitmesh_log_bytes",
            "Bytes of the event log on disk, with what waits to be merged into it.",
            registry=at,
        )
        self._observed: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._problems: dict[str, int] = {"error": 0, "warning": 0}
        self._log = log
        self.registry.register(LogState(log, self._problems, READ_ALL))
        self.registry.register(TrafficTotals(traffic))

    def observe_request(self, operation: str, status: int, seconds: float) -> None:
        """Count an answer of the API."""
        found = self._observed.get((operation, status))
        if found is None:  # the library looks for labels at length
            count = self.requests.labels(operation, str(status))
            found = self._observed[operation, status] = count, self.request_time.labels(operation)
        found[0].inc()
        found[1].observe(seconds)

    def set_problems(self, *, errors: int, warnings: int) -> None:
        """Set the number of problems of the branch's newest commit."""
        self._problems.update(error=errors, warning=warnings)

    def text(self, permission: Permission) -> bytes:
        """Return all metrics, or those of the meshes that a caller may read as a whole."""
        if permission.reads_all:
            return generate_latest(self.registry)
        part = CollectorRegistry()
        part.register(LogState(self._log, self._problems, permission))
        return generate_latest(part)


class LogState(Collector):
    """State in the log now: proxies of each mesh, and facts about the whole repository."""

    def __init__(
        self, log: EventReader | None, problems: dict[str, int], permission: Permission
    ) -> None:
        self._log = log
        self._problems = problems
        self._permission = permission

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._proxies()
        if self._permission.reads_all:
            yield from self._whole()

    def _proxies(self) -> Iterator[Metric]:
        connected: dict[str, int] = {}
        lagging: dict[str, int] = {}
        for proxy in self._log.fleet().proxies() if self._log is not None else ():
            mesh = _mesh(proxy.node)
            if mesh is not None and self._permission.reads_mesh(mesh):
                connected[mesh] = connected.get(mesh, 0) + 1
                behind = proxy.state is not ProxyState.IN_SYNC
                lagging[mesh] = lagging.get(mesh, 0) + behind
        for name, words, found in (
            ("gitmesh_xds_connected_proxies", "Connected proxies.", connected),
            (
                "gitmesh_xds_out_of_sync_proxies",
                "Connected proxies that do not have their newest configuration.",
                lagging,
            ),
        ):
            family = GaugeMetricFamily(name, words, labels=LABELS[name])
            for mesh, number in sorted(found.items()):
                family.add_metric([mesh], number)
            yield family

    def _whole(self) -> Iterator[Metric]:
        problems = GaugeMetricFamily(
            "gitmesh_problems",
            "Problems of the newest commit of the branch, by severity: error or warning.",
            labels=LABELS["gitmesh_problems"],
        )
        for severity, number in self._problems.items():
            problems.add_metric([severity], number)
        yield problems
        events = GaugeMetricFamily(
            "gitmesh_log_events",
            "Events in the log, by chain: mesh or delivery.",
            labels=LABELS["gitmesh_log_events"],
        )
        degraded = GaugeMetricFamily(
            "gitmesh_reconcile_degraded",
            "1 while the branch cannot be followed, by reason.",
            labels=LABELS["gitmesh_reconcile_degraded"],
        )
        if self._log is not None:
            for chain in Chain:
                events.add_metric([chain.value], self._log.head(chain).seq)
            for _, found in self._log.fleet().degraded():
                degraded.add_metric([found.reason], 1)
        yield events
        yield degraded


def _mesh(node: str) -> str | None:
    try:
        return ResourceKey.parse(node).mesh
    except UsageError:
        return None
