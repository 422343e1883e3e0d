"""Benchmark of a one-file commit in a small and in a large mesh, and of a cold start.

The measured time begins when the ref has moved. It ends when the events are on disk and the
snapshots for the affected proxies are rebuilt.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.town import build, move, node_id
from events.opening import open_for_writing
from events.publication import Publication
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from xds.nodes import parse_identity
from xds.snapshots.cache import SnapshotCache

SMALL, LARGE = 100, 10_000
COMMITS = 60
PROXIES = 10


def figures() -> Iterator[Figure]:
    """Measure a small and a large mesh in turns, so that noise on the machine affects both."""
    with tempfile.TemporaryDirectory() as folder:
        small = _Town(Path(folder) / "small", SMALL)
        large = _Town(Path(folder) / "large", LARGE)
        gc.collect()
        gc.freeze()
        for commit in range(1, COMMITS + 1):
            small.shift(commit)
            large.shift(commit)
        gc.unfreeze()
        yield from _of_a_commit(small, large)
        yield Figure(f"cold start on {LARGE:,} specs: first read and log", large.cold, "s", "< 20")
        yield Figure("  then the first snapshot of a proxy", large.first_snapshot * 1e3, "ms")
        state, warm = large.restart()
        yield Figure(f"restart on {LARGE:,} specs: state from the log", state, "s")
        yield Figure("  then ready for the next commit", warm, "s")
        small.log.close()


def _of_a_commit(small: "_Town", large: "_Town") -> Iterator[Figure]:
    for town, specs in ((small, SMALL), (large, LARGE)):
        yield Figure(f"one-file commit among {specs:,} specs, median", _ms(town.whole), "ms")
        yield Figure("  read, link, plan, append", _ms(town.reconcile), "ms")
        yield Figure("  relink, translate, serialise", _ms(town.rebuild), "ms")
    ratio = _ms(large.whole) / _ms(small.whole)
    yield Figure("  large against small", ratio, "times", "< 3")


def _ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1e3


class _Town:
    """A repository, its log, and the proxies that its commits affect."""

    def __init__(self, folder: Path, specs: int) -> None:
        folder.mkdir()
        self._path = folder / "town.git"
        self._log_path = folder / "events.sqlite3"
        self._commits = build(self._path, specs, COMMITS)
        move(self._path, self._commits[0])
        self.log = open_for_writing(self._log_path)
        started = time.perf_counter()
        self._follower = Follower(GitRepository.open(self._path), self.log)
        found = self._follower.catch_up()
        self.cold = time.perf_counter() - started
        if found is None or not found.state.resources:
            raise RuntimeError("the mesh was rejected: the bench measures nothing")
        self._cache = SnapshotCache()
        self.first_snapshot = _serve(self._cache, found)
        self._follower.warm()
        self.whole: list[float] = []
        self.reconcile: list[float] = []
        self.rebuild: list[float] = []

    def shift(self, at: int) -> None:
        """Follow one more commit up to the snapshots that it changes."""
        move(self._path, self._commits[at])
        began = time.perf_counter()
        found = self._follower.catch_up()
        planned = time.perf_counter()
        if found is None or found.state.commit != self._commits[at]:
            raise RuntimeError(f"commit {self._commits[at]} was not applied")
        for identity in self._cache.absorb(found):
            self._cache.resolve(identity)
        ended = time.perf_counter()
        self.whole.append(ended - began)
        self.reconcile.append(planned - began)
        self.rebuild.append(ended - planned)

    def restart(self) -> tuple[float, float]:
        """Return the time until the state is loaded and the next commit can be followed."""
        self.log.close()
        started = time.perf_counter()
        self.log = open_for_writing(self._log_path)
        follower = Follower(GitRepository.open(self._path), self.log)
        state = time.perf_counter() - started
        started = time.perf_counter()
        follower.warm()
        warm = time.perf_counter() - started
        self.log.close()
        return state, warm


def _serve(cache: SnapshotCache, found: Publication) -> float:
    cache.absorb(found)
    started = time.perf_counter()
    for service in range(PROXIES):
        identity = parse_identity(node_id(service), {})
        cache.join(identity)
        if cache.resolve(identity) is None:
            raise RuntimeError(f"{node_id(service)} is not in the mesh")
    return (time.perf_counter() - started) / PROXIES
