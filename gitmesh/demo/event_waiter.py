"""Waiting for events in the server's log, which is read like by any other reader."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from events.encoding.codec import decode
from events.opening import open_for_reading
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    Event,
    Seq,
    SnapshotConverged,
)
from gitmesh.demo.timeouts import PATIENCE_S, late

POLL_S = 0.005

Found = TypeVar("Found")


class EventWaiter:
    """Reads both chains as they grow, keeps their events, and waits for particular ones."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._log = open_for_reading(path)
        self._check = check
        self._read: dict[Chain, Seq] = dict.fromkeys(Chain, START)
        self._events: list[Event] = []

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    async def applied(self, commit: CommitId) -> CommitApplied:
        """Wait until the commit is applied."""
        return await self._wait(
            f"commit {commit[:7]} was not applied",
            lambda e: e if isinstance(e, CommitApplied) and e.facts.commit == commit else None,
        )

    async def rejected(self, commit: CommitId) -> CommitRejected:
        """Wait until the commit is rejected."""
        return await self._wait(
            f"commit {commit[:7]} was not rejected",
            lambda e: e if isinstance(e, CommitRejected) and e.facts.commit == commit else None,
        )

    async def converged(self, commit: CommitId) -> SnapshotConverged:
        """Wait until every proxy that the commit affects has acknowledged it."""
        return await self._wait(
            f"the proxies did not acknowledge commit {commit[:7]}",
            lambda e: e if isinstance(e, SnapshotConverged) and e.commit == commit else None,
        )

    @property
    def events_read(self) -> int:
        """Number of events in both chains together."""
        self._catch_up()
        return len(self._events)

    async def _wait(self, missed: str, choose: Callable[[Event], Found | None]) -> Found:
        deadline = time.monotonic() + PATIENCE_S
        start = 0
        while True:
            self._catch_up()
            fresh = self._events[start:]
            start = len(self._events)
            if found := next(self._chosen(fresh, choose), None):
                return found
            self._check()
            if time.monotonic() > deadline:
                raise late(missed)
            await asyncio.sleep(POLL_S)

    @staticmethod
    def _chosen(events: list[Event], choose: Callable[[Event], Found | None]) -> Iterator[Found]:
        return (found for found in map(choose, events) if found is not None)

    def _catch_up(self) -> None:
        for chain, seq in self._read.items():
            for record in self._log.read(chain, after=seq):
                self._read[chain] = record.seq
                self._events.append(decode(record))
