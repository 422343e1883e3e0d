"""Collects reports in the server, and writes their sums into the file every few seconds."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

from gitmesh.traffic.file import TrafficFile, traffic_path
from gitmesh.traffic.sums import MAX_SERIES, Sums
from mesh.errors import Retryable
from xds.reports.counts import Counts
from xds.reports.measured import Measured

_log = logging.getLogger(__name__)

WRITE_EVERY_S: Final = 2.0
FORGET_EVERY_S: Final = 300.0
TELL_EVERY_S: Final = 60.0


class Collector:
    """Receives reports of all proxies of a server. A file that cannot be written stops nothing."""

    def __init__(self, log: Path, retention_s: float) -> None:
        """Begin without a report.

        :param log: the event log, beside which the file is.
        :param retention_s: time for which traffic is kept.
        """
        self._path = traffic_path(log)
        self._retention_s = round(retention_s)
        self._totals: dict[tuple[str, str], Counts] = {}
        self._sums = Sums()
        self._file: TrafficFile | None = None
        self._forgot_at = self._told_at = -float("inf")

    def accept(self, measured: Measured) -> None:
        """Add a report."""
        for series, counts in self._sums.add(measured):
            place = series.caller, series.target
            known = self._totals.get(place)
            if known is not None or len(self._totals) < MAX_SERIES:
                self._totals[place] = counts if known is None else known.plus(counts)

    def since_start(self) -> dict[tuple[str, str], Counts]:
        """Return the sums since the start, by caller and target; those beyond a limit are left
        out. May be called from any thread."""
        return dict(self._totals)

    async def run(self) -> None:
        """Write sums until cancelled; then write the last ones."""
        try:
            while True:
                await asyncio.sleep(WRITE_EVERY_S)
                await self._write()
        finally:
            self._write_now(self._take())
            if self._file is not None:
                self._file.close()

    def _take(self) -> Sums:
        sums, self._sums = self._sums, Sums()
        return sums

    async def _write(self) -> None:
        sums = self._take()
        if not await asyncio.to_thread(self._write_now, sums):
            sums.merge(self._sums)
            self._sums = sums
        if sums.dropped:
            self._tell("traffic of too many series was dropped", sums=sums.dropped)

    def _write_now(self, sums: Sums) -> bool:
        """Write sums; return false if they must be kept."""
        try:
            if self._file is None:
                self._file = TrafficFile.create(self._path)
            now_s = int(time.time())
            self._file.write(sums, now_s)
            if time.monotonic() - self._forgot_at >= FORGET_EVERY_S:
                self._file.forget(now_s, self._retention_s)
                self._forgot_at = time.monotonic()
        except Retryable as error:
            self._tell("reports about traffic cannot be kept", reason=error.message)
            return False
        return True

    def _tell(self, message: str, **facts: object) -> None:
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            _log.warning(message, extra=facts)
