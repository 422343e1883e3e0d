"""Benchmark of reading the log: fold into the state, and check of the hashes."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.town import build
from events.opening import open_for_writing
from events.state import MeshState, apply_all
from events.store import EventReader
from events.types import Chain
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository

SPECS, COMMITS = 10_000, 5_000
RUNS = 12


def figures() -> Iterator[Figure]:
    """Measure on the log of a real history: one large commit and many small ones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town.git"
        build(path, SPECS, COMMITS)
        log = open_for_writing(Path(folder) / "events.sqlite3")
        follower = Follower(GitRepository.open(path), log)
        started = time.perf_counter()
        while follower.catch_up() is not None:
            pass
        backfill = time.perf_counter() - started
        events = log.head(Chain.MESH).seq
        yield Figure(
            f"history of {COMMITS + 1:,} commits into the log", COMMITS / backfill, "commits/s"
        )
        best = max(_replay(log) for _ in range(RUNS))
        yield Figure(f"replay of {events:,} events, best of {RUNS}", best, "events/s", "> 100,000")
        started = time.perf_counter()
        if wrong := log.verify():
            raise RuntimeError(f"the log is not whole: {wrong}")
        yield Figure(
            "verify: chain, triggers, projections",
            events / (time.perf_counter() - started),
            "events/s",
        )
        started = time.perf_counter()
        log.state()
        yield Figure(
            "state at the head, from the projection", (time.perf_counter() - started) * 1e3, "ms"
        )
        log.close()


def _replay(log: EventReader) -> float:
    started = time.perf_counter()
    state = apply_all(MeshState(), log.replay())
    return state.seq / (time.perf_counter() - started)
