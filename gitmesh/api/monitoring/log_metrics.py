"""Counters of new events in the log."""

import asyncio
import logging
from typing import Final

from events.encoding.codec import decode
from events.store import EventReader, LogUnavailable
from events.types import (
    Chain,
    CommitApplied,
    CommitRejected,
    Event,
    HistoryRewritten,
    ProxiesFlapped,
    ProxyConnected,
    ProxyDisconnected,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    TrafficShifted,
)
from gitmesh.api.monitoring.metrics import Metrics

_log = logging.getLogger(__name__)
LOOK_EVERY_S: Final = 1.0
_MICROSECONDS: Final = 1_000_000


class LogMetrics:
    """Counts new events of both chains. Workers' facts are in the log, so they are counted, too."""

    def __init__(self, log: EventReader, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._seen = {chain: log.head(chain).seq for chain in Chain}
        self._lock = asyncio.Lock()
        self._begin()

    def _begin(self) -> None:
        """Set the number of problems from the newest commit that was logged before this process
        started."""
        newest: CommitApplied | CommitRejected | None = None
        commit = self._log.newest_commit()
        last = None if commit is None else self._log.seq_of_commit(commit)
        seq = None if last is None else self._log.first_seq_of_commit(last)
        if seq is not None:
            record = next(iter(self._log.read(Chain.MESH, after=Seq(seq - 1), limit=1)), None)
            event = None if record is None else decode(record)
            newest = event if isinstance(event, CommitApplied | CommitRejected) else None
        if newest is not None:
            self._take_problems(newest)

    async def run(self) -> None:
        """Count new events until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.catch_up()
            except LogUnavailable:
                continue  # others tell
            except Exception:
                _log.exception("the log's events cannot be counted for metrics")
                return

    async def catch_up(self) -> None:
        """Count the events that were appended since the last call.

        :raises LogUnavailable: the log cannot be read now.
        """
        async with self._lock:
            for chain in Chain:
                await asyncio.to_thread(self._read, chain)

    def _read(self, chain: Chain) -> None:
        for record in self._log.read(chain, after=self._seen[chain]):
            self._seen[chain] = record.seq
            self._count(decode(record))

    def _count(self, event: Event) -> None:
        found = self._metrics
        match event:
            case CommitApplied():
                found.commits.labels("applied").inc()
                self._take_problems(event)
            case CommitRejected():
                found.commits.labels("rejected").inc()
                self._take_problems(event)
            case HistoryRewritten():
                found.rewrites.inc()
            case ResourceAdded() | ResourceChanged() | TrafficShifted() | ResourceRemoved():
                found.resources.labels(type(event).__name__).inc()
            case _:
                self._count_delivery(event)

    def _count_delivery(self, event: Event) -> None:
        found = self._metrics
        match event:
            case SnapshotPublished():
                found.pushes.inc()
                found.offers.inc(event.proxies)
            case SnapshotConverged():
                found.acks.inc(event.proxies)
                self._take_times(event)
            case SnapshotDelayed():
                found.late.inc()
            case SnapshotRejected():
                found.nacks.labels(event.type_url.rpartition(".")[2]).inc()
            case ProxyConnected():
                found.connects.inc()
            case ProxyDisconnected():
                found.disconnects.inc()
            case ProxiesFlapped():
                found.connects.inc(event.connects)
                found.disconnects.inc(event.disconnects)
            case _:
                pass

    def _take_times(self, event: SnapshotConverged) -> None:
        times = event.timings
        if "acked" in times:
            self._metrics.convergence.observe(times["acked"] / _MICROSECONDS)
        if "planned" in times and "seen" in times:
            spent = max(0, times["planned"] - times["seen"])
            self._metrics.reconcile.observe(spent / _MICROSECONDS)

    def _take_problems(self, event: CommitApplied | CommitRejected) -> None:
        if isinstance(event, CommitApplied):
            self._metrics.set_problems(errors=0, warnings=len(event.warnings))
            return
        warnings = sum(problem.get("severity") == "warning" for problem in event.problems)
        errors = len(event.problems) - warnings + event.omitted
        self._metrics.set_problems(errors=errors, warnings=warnings)
