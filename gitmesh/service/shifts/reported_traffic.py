"""Evidence from what Envoys report: traffic of virtual nodes, kept beside the event log."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from gitmesh.shifts.evidence import Traffic
from gitmesh.traffic.figures import answered
from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.reading import Traffic as Reported
from gitmesh.traffic.series import Series
from mesh.errors import Retryable
from mesh.keys import ResourceKey
from xds.reports.counts import Counts


class ReportedTraffic:
    """Reads the traffic file of a server. Call it from one thread at a time."""

    window_s = 10.0
    """Length of a slot of the file."""
    delay_s = 4.0
    """Reports of a slot are written within two seconds after it."""
    settle_s = 12.0
    """Two intervals of reports: the first report after a step is about the time before it, too."""

    def __init__(self, log: Path) -> None:
        """Read the file beside an event log; it may not exist yet."""
        self._path = traffic_path(log)
        self._read: tuple[float, float, Reported] | None = None

    def traffic(self, target: ResourceKey, since: float, until: float) -> Traffic | None:
        """Return the requests to a virtual node: :class:`gitmesh.shifts.evidence.Evidence`."""
        found = self._reported(since, until)
        if found is None or not found.reporters:
            return None
        return summed(each for each in found.sums if each[0].target == str(target))

    def _reported(self, since: float, until: float) -> Reported | None:
        """Return what was reported; both targets of a shift ask for the same time."""
        known = self._read
        if known is None or known[:2] != (since, until):
            try:
                with closing(TrafficFile.open(self._path)) as file:
                    known = self._read = since, until, file.read(since, until)
            except Retryable:  # no proxy has reported yet
                return None
        return known[2]


def summed(sums: Iterable[tuple[Series, Counts]]) -> Traffic:
    """Return the sum of series, as gates count it (:func:`gitmesh.traffic.figures.answered`)."""
    whole = Traffic()
    for series, counts in sums:
        whole += _traffic(series, counts)
    return whole


def _traffic(series: Series, counts: Counts) -> Traffic:
    found = answered(counts, series.protocol)
    classes = {
        "5xx": counts.server_errors,
        "4xx": counts.client_errors,
        "timeout": counts.timeouts,
        "connect-failure": counts.connect_failures,
        "dropped": counts.dropped,
    }
    return Traffic(found.number, found.failed, classes, counts.latency)
