"""A report with its origin: the client, its commit, and the period. Pure."""

from enum import StrEnum
from typing import Any, NamedTuple

from xds.reports.counts import Counts
from xds.reports.report import Report


class Source(StrEnum):
    """The service of Envoy's API over which a report came."""

    LOAD = "load"
    METRICS = "metrics"


class Measured(NamedTuple):
    """Traffic that one client reported for one period. Times are nanoseconds since the epoch."""

    node: str
    """Key of the client's virtual node or gateway."""
    proxy: str
    """Address of the client's connection."""
    source: str
    """One of :class:`Source`."""
    from_ns: int
    to_ns: int
    """When the report came. The client closed the period at most a moment earlier."""
    commit: str
    """The commit whose configuration the client had acknowledged during the whole period; empty if
    this changed within the period, or is not known."""
    clusters: tuple[tuple[str, Counts], ...]
    """Clusters in which something was counted, by name."""
    left_out: int = 0

    @classmethod
    def from_json(cls, values: list[Any]) -> "Measured":
        """Return the value whose fields were written as JSON."""
        *first, clusters, left_out = values
        counted = (
            (name, Counts._make((*numbers, tuple(latency))))
            for name, (*numbers, latency) in clusters
        )
        return cls._make((*first, tuple(counted), left_out))

    @classmethod
    def of(
        cls,
        report: Report,
        source: Source,
        *,
        node: str,
        proxy: str,
        period_ns: tuple[int, int],
        commit: str,
    ) -> "Measured":
        """Return a report with its origin."""
        clusters = tuple(sorted(report.clusters.items()))
        return cls(node, proxy, source.value, *period_ns, commit, clusters, report.left_out)
