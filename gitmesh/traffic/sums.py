"""Sums of reports by slot, until they are written. Pure."""

from typing import Final, NamedTuple

from gitmesh.traffic.reading import Reporter
from gitmesh.traffic.series import Series, series_of
from xds.reports.counts import Counts
from xds.reports.measured import Measured

WIDTHS: Final = (10, 60)
"""Lengths of slots in seconds: every report counts in one of each length."""
MAX_SERIES: Final = 10_000
"""Maximum number of series that wait to be written; reports of further ones are dropped."""
MAX_REPORTERS: Final = 20_000


class SlotKey(NamedTuple):
    """A slot of a series."""

    width_s: int
    start_s: int
    series: Series


class Sums:
    """Sums that are not written yet."""

    def __init__(self) -> None:
        self.slots: dict[SlotKey, Counts] = {}
        self.reporters: dict[tuple[str, str, str], Reporter] = {}
        self.dropped = 0
        """Number of sums that were dropped, because there were too many series."""
        self._series: set[Series] = set()

    def add(self, measured: Measured) -> list[tuple[Series, Counts]]:
        """Add a report to the slots in which it came; return what was added."""
        added: list[tuple[Series, Counts]] = []
        at_s = measured.to_ns // 1_000_000_000
        self._note(measured, measured.to_ns / 1e9)
        for cluster, counts in measured.clusters:
            series = series_of(measured.node, cluster, measured.commit)
            if series is None:
                continue
            if series not in self._series and len(self._series) >= MAX_SERIES:
                self.dropped += 1
                continue
            self._series.add(series)
            added.append((series, counts))
            for width_s in WIDTHS:
                self._put(SlotKey(width_s, at_s - at_s % width_s, series), counts)
        return added

    def merge(self, earlier: "Sums") -> None:
        """Add sums that could not be written."""
        for key, counts in earlier.slots.items():
            if key.series not in self._series and len(self._series) >= MAX_SERIES:
                self.dropped += 1
                continue
            self._series.add(key.series)
            self._put(key, counts)
        for who, reporter in earlier.reporters.items():
            known = self.reporters.get(who, reporter)
            self.reporters[who] = reporter._replace(last_s=max(known.last_s, reporter.last_s))

    def _put(self, key: SlotKey, counts: Counts) -> None:
        known = self.slots.get(key)
        self.slots[key] = counts if known is None else known.plus(counts)

    def _note(self, measured: Measured, at_s: float) -> None:
        who = (measured.node, measured.proxy, measured.source)
        known = self.reporters.get(who)
        if known is not None:
            self.reporters[who] = known._replace(last_s=at_s)
        elif len(self.reporters) < MAX_REPORTERS:
            self.reporters[who] = Reporter(*who, at_s, at_s)
