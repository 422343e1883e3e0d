"""What a one-file commit costs in a small mesh and in a large one, and how long a cold start takes.

A commit is followed the whole way that gitmesh itself is answerable for: from the moved ref to the
snapshots rebuilt for the proxies it concerns, the log on disk.
"""

import gc
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.town import build, move, node_id
from events.publication import Publication
from events.store import EventLog
from reconciler.follower import Follower
from reconciler.repo import GitRepository
from xds.cache import SnapshotCache
from xds.nodes import parse_identity

SMALL, LARGE = 100, 10_000
COMMITS = 60
PROXIES = 10


def figures() -> Iterator[Figure]:
    """Measure, small mesh and large mesh in turn."""
    small = dict(_follow(SMALL))
    large = dict(_follow(LARGE))
    yield Figure(f"one-file commit among {SMALL} specs, median", small["commit"] * 1e3, "ms")
    yield Figure(f"one-file commit among {LARGE:,} specs, median", large["commit"] * 1e3, "ms")
    yield Figure("  large against small", large["commit"] / small["commit"], "times", "< 3")
    for name, what in (("reconcile", "read, link, plan, append"), ("rebuild", "relink, translate")):
        yield Figure(f"  {what}, {LARGE:,} specs", large[name] * 1e3, "ms")
    yield Figure(f"cold start on {LARGE:,} specs: first read and log", large["cold"], "s", "< 20")
    yield Figure("  then the first snapshot of a proxy", large["first snapshot"] * 1e3, "ms")
    yield Figure(f"restart on {LARGE:,} specs: state from the log", large["restart"], "s")
    yield Figure("  then ready for the next commit", large["warm"], "s")


def _follow(specs: int) -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "town.git"
        commits = build(path, specs, COMMITS)
        move(path, commits[0])
        log_path = Path(folder) / "events.sqlite3"
        log = EventLog.open(log_path)
        started = time.perf_counter()
        repo = GitRepository.open(path)
        follower = Follower(repo, log)
        found = follower.catch_up()
        yield "cold", time.perf_counter() - started
        if found is None or not found.state.resources:
            raise RuntimeError("the mesh was rejected: the bench measures nothing")
        cache = SnapshotCache()
        yield "first snapshot", _serve(cache, found)
        yield from _shift(path, commits, follower, cache)
        log.close()
        started = time.perf_counter()
        log = EventLog.open(log_path)
        follower = Follower(GitRepository.open(path), log)
        yield "restart", time.perf_counter() - started
        started = time.perf_counter()
        follower.warm()
        yield "warm", time.perf_counter() - started
        log.close()


def _serve(cache: SnapshotCache, found: Publication) -> float:
    cache.absorb(found)
    started = time.perf_counter()
    for service in range(PROXIES):
        identity = parse_identity(node_id(service), {})
        cache.join(identity)
        if cache.resolve(identity) is None:
            raise RuntimeError(f"{node_id(service)} is not in the mesh")
    return (time.perf_counter() - started) / PROXIES


def _shift(
    path: Path, commits: list[str], follower: Follower, cache: SnapshotCache
) -> Iterator[tuple[str, float]]:
    whole, reconcile, rebuild = [], [], []
    follower.warm()
    gc.collect()
    gc.freeze()
    for commit in commits[1:]:
        move(path, commit)
        began = time.perf_counter()
        found = follower.catch_up()
        planned = time.perf_counter()
        if found is None or found.state.commit != commit:
            raise RuntimeError(f"commit {commit} was not applied")
        for identity in cache.absorb(found):
            cache.resolve(identity)
        ended = time.perf_counter()
        whole.append(ended - began)
        reconcile.append(planned - began)
        rebuild.append(ended - planned)
    gc.unfreeze()
    yield "commit", statistics.median(whole)
    yield "reconcile", statistics.median(reconcile)
    yield "rebuild", statistics.median(rebuild)
