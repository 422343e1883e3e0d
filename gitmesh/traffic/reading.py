"""Values that describe traffic in a time, and who can be asked for them. Pure.

All times are seconds since the epoch.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from gitmesh.traffic.series import Series
from xds.reports.counts import Counts, total


class Interval(NamedTuple):
    """A time: from the first second on, up to but without the last."""

    from_s: float
    to_s: float


class Reporter(NamedTuple):
    """A proxy that reported."""

    node: str
    """Key of its virtual node or gateway."""
    proxy: str
    """Address of its connection to the server; another one after each reconnection."""
    source: str
    """``load`` or ``metrics``: :class:`xds.reports.measured.Source`."""
    first_s: float
    last_s: float
    """When its first and its last report came; there may be silence between them."""


class Traffic(NamedTuple):
    """What was reported in a time. No report is not success: see ``reporters`` and ``gaps``."""

    covered: Interval
    """The time to which the sums belong: that asked for, in whole slots."""
    slot_s: int
    """Length of a slot: a report counts for the slot in which it came."""
    sums: tuple[tuple[Series, Counts], ...]
    """Sums of each series with any traffic, sorted by series."""
    reporters: tuple[Reporter, ...]
    """Proxies that reported within the time, with or without traffic; known for a day."""
    gaps: tuple[Interval, ...]
    """Times within ``covered`` in which no server kept reports."""

    def of(
        self,
        *,
        targets: Collection[str] | None = None,
        callers: Collection[str] | None = None,
        commit: str | None = None,
    ) -> Counts:
        """Return the sum over series with these targets, callers and commit; ``None`` means any."""
        return total(
            counts
            for series, counts in self.sums
            if (targets is None or series.target in targets)
            and (callers is None or series.caller in callers)
            and (commit is None or series.commit == commit)
        )

    def reporting(self, node: str, source: str = "metrics") -> int:
        """Return the number of a node's proxies that reported over a service."""
        return len({r.proxy for r in self.reporters if (r.node, r.source) == (node, source)})


class TrafficReader(Protocol):
    """Whoever can be asked for traffic. Calls read a file: use a thread in a server."""

    def read(self, from_s: float, to_s: float) -> Traffic:
        """Return the traffic of a time.

        :raises Retryable: the file cannot be read now.
        """

    def slots(self, from_s: float, to_s: float) -> Iterable[tuple[Interval, Traffic]]:
        """Yield the traffic of each slot of a time that has any, in order.

        :raises Retryable: the file cannot be read now.
        """
