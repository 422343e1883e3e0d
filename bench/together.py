"""Benchmark of two worker processes against one, on the same machine: nothing may get slower.

The machine has as many cores as there are workers, and the load generator uses one of them. With
one worker, that is the free core; with two workers, they compete. So the time until the last proxy
has a push is only informative. The bars apply to the time until the server has all answers, and to
its CPU time.
"""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from bench.child import Child, settled_cpu_s
from bench.figures import Figure
from bench.fleet import build_fleet, shift, shift_path
from bench.served import Served, WorkTree, established
from events.encoding.codec import decode
from events.opening import open_for_reading
from events.types import Chain, SnapshotConverged
from gitmesh.queries.log_location import log_path
from xds.type_urls import ROUTE

ROUNDS = 7
_LATER = ("--new-stream-rate", "1000000")
"""The benchmark repeats connect storms, which real fleets do not, so the rate limit is off."""


class Team:
    """A server with this many workers, its repository and its load generator."""

    def __init__(
        self, folder: Path, workers: int, parts: list[dict[str, Any]], groups: int
    ) -> None:
        folder.mkdir(parents=True)
        self.repository = folder / "fleet.git"
        build_fleet(self.repository, callers=len(parts), groups=groups)
        self.streams = len(parts)
        self.storms, self.pushes, self.shares = list[float](), list[float](), list[float]()
        self.cpus = list[float]()
        self._workers = workers
        self._parts = parts
        self._tree = WorkTree(self.repository)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        options = ("--workers", str(self._workers), *_LATER)
        self._server = self._stack.enter_context(Served(self.repository, *options))
        self._load = self._stack.enter_context(Child("bench.proxies"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def round(self, number: int) -> None:
        """Connect all proxies at once, push a change to them, and disconnect them."""
        load = self._load
        found = load.ask(
            "connect", port=self._server.port, streams=self.streams, parts=self._parts, delta=True
        )
        self.storms.append((found["at"][-1] - found["started"]) / 1e6)
        shares = [established(pid) for pid in self._server.workers]
        self.shares.append(max(shares) / sum(shares))
        self._settle()
        self._tree.commit({shift_path(0): shift(0, number + 1)}, "shift")
        load.ask("arm", type=ROUTE, streams=self.streams)
        before = self._server.cpu_s()
        moved = self._tree.push()
        found = load.ask("collect")
        if found["missing"] or found["ended"]:
            raise RuntimeError(f"{found['missing']} lack something, {found['ended']} have ended")
        self.pushes.append((found["at"][-1] - moved) / 1e6)
        self._settle()
        self.cpus.append((self._server.cpu_s() - before) * 1e3)
        load.ask("leave")
        self._settle()

    def in_sync(self) -> list[float]:
        """Return the time in milliseconds until each push was in sync, according to the log."""
        with open_for_reading(log_path(self.repository)) as log:
            events = [decode(record) for record in log.read(Chain.DELIVERY)]
        return [
            event.timings["acked"] / 1e3
            for event in events
            if isinstance(event, SnapshotConverged) and event.proxies == self.streams
        ]

    def _settle(self) -> None:
        for pid in (self._server.process.pid, *self._server.workers):
            settled_cpu_s(pid)


def with_workers(folder: Path, parts: list[dict[str, Any]], groups: int) -> Iterator[Figure]:
    """Compare two workers with one, in turns, in storms and pushes to all streams of one node."""
    with (
        Team(folder / "one", 1, parts, groups) as one,
        Team(folder / "two", 2, parts, groups) as two,
    ):
        for number in range(ROUNDS):
            for team in (two, one):
                team.round(number)
    median = statistics.median
    what = f"2 workers, {one.streams:,} streams"
    for name, mine, other in (
        (f"{what}: storm, last", two.storms, one.storms),
        ("  push to all in sync, as the log has it", two.in_sync(), one.in_sync()),
        ("  server CPU of a push", two.cpus, one.cpus),
    ):
        yield Figure(name, median(mine), "ms", "< 1.25", median(other), "1 worker")
    last = median(two.pushes), median(one.pushes)
    yield Figure("  push to last proxy has it", last[0], "ms", "", last[1], "1 worker")
    yield Figure("  larger share of the streams", median(two.shares), "", "< 0.6")
