"""The content of one report: counts by cluster, and what was left out of it. Pure."""

from dataclasses import dataclass, field
from typing import Final

from xds.reports.counts import Counts

EGRESS: Final = "cds_egress_"
"""Prefix of the clusters whose traffic is kept: listeners of virtual nodes, as callers see them."""
MAX_CLUSTERS: Final = 2_000
"""Maximum number of clusters that one report may hold; further ones are left out."""
MAX_NAME: Final = 600
"""Maximum length of a cluster's name, in characters; gitmesh's own names are shorter."""
MAX_COUNT: Final = 1_000_000_000
"""Maximum of any number in a report. No proxy handles so many requests between two reports."""


@dataclass(slots=True)
class Report:
    """One report of a client. Counts are of the time since its previous report."""

    clusters: dict[str, Counts] = field(default_factory=dict)
    """Counts by cluster, in which something was counted."""
    left_out: int = 0
    """Number of clusters left out, because they were too many or had impossible numbers."""
    interval_ms: int = 0
    """Length of the period as the client states it; 0 if it does not."""

    def add(self, name: str, counts: Counts) -> None:
        """Add the counts of a cluster; leave them out if the report is full."""
        known = self.clusters.get(name)
        if known is not None:
            self.clusters[name] = known.plus(counts)
        elif len(self.clusters) >= MAX_CLUSTERS or len(name) > MAX_NAME:
            self.left_out += 1
        elif counts:
            self.clusters[name] = counts


def whole(number: float) -> int:
    """Return a counter's value as an integer.

    :raises ValueError: it is not a number from 0 to :data:`MAX_COUNT`.
    """
    if not 0 <= number <= MAX_COUNT:  # also false for NaN
        raise ValueError(f"{number} cannot be a count of requests")
    return int(number)


def is_kept(cluster: str) -> bool:
    """Return whether the traffic of a cluster is kept."""
    return cluster.startswith(EGRESS)
