"""Benchmark of queries on the log: state at any of 10,000 commits, blame, and a large diff."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figures import Figure
from bench.fleet import build_fleet
from events.blame import blame
from events.opening import open_for_writing
from events.state import MeshState
from events.store import EventStore
from events.types import Chain, CommitApplied, CommitFacts, CommitId, MeshEvent, Seq, Signature
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, Source, spec_from_json
from reconciler.diff import diff

COMMITS = 10_000
ROUTES = 100
CALLERS = 1_000
GROUPS = 25
RUNS = 15
DIFFS = 5
_BATCH = 500


def figures() -> Iterator[Figure]:
    """Measure on a log of many commits, and on a repository with a large mesh."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _of_a_long_log(Path(folder))
        yield from _of_a_large_mesh(Path(folder))


def _of_a_long_log(folder: Path) -> Iterator[Figure]:
    log = open_for_writing(folder / "events.sqlite3")
    _fill(log)
    head = log.head(Chain.MESH).seq
    oldest = _median(lambda: log.state(Seq(ROUTES + 1)))
    middle = _median(lambda: log.state(Seq(head // 2)))
    newest = _median(lambda: log.state(head))
    what = f"state after commit {{}} of {COMMITS:,}"
    yield Figure(what.format("1"), oldest, "ms", "< 50")
    yield Figure(what.format(f"{COMMITS // 2:,}"), middle, "ms", "< 50")
    yield Figure(what.format(f"{COMMITS:,}"), newest, "ms", "< 50")
    yield Figure("state: oldest beside newest", oldest / newest, "times", "< 2")
    key = _key(0)
    yield Figure(
        f"blame of a route that {COMMITS // ROUTES:,} commits changed",
        _median(lambda: blame(log.versions(key, head))),
        "ms",
        "< 200",
    )
    busy = _key(1)
    for start in range(0, COMMITS, _BATCH):
        _append(log, [_changes(1, start + i) for i in range(_BATCH)])
    head = log.head(Chain.MESH).seq
    yield Figure(
        f"blame of a route that {COMMITS + COMMITS // ROUTES:,} commits changed",
        _median(lambda: blame(log.versions(busy, head))),
        "ms",
        "< 200",
    )
    log.close()


def _of_a_large_mesh(folder: Path) -> Iterator[Figure]:
    repository = folder / "fleet.git"
    build_fleet(repository, callers=CALLERS, groups=GROUPS, commits=1)
    command = [
        *(sys.executable, "-m", "gitmesh", "diff", "main~1", "main", "--envoy"),
        *("--repo", str(repository)),
    ]
    took, shown = [], ""
    for _ in range(DIFFS):
        started = time.perf_counter()
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        took.append(time.perf_counter() - started)
    changed = shown.count(": routes ")
    assert changed, "a route with other weights is another configuration"
    yield Figure(
        f"diff --envoy of one route, {CALLERS:,} nodes, {changed} affected, start to end",
        statistics.median(took),
        "s",
        "< 1",
    )


def _fill(log: EventStore) -> None:
    first = [event for n in range(ROUTES) for event in _added(n)]
    log.append(Chain.MESH, [_applied("0", ROUTES), *first], expected=Seq(0))
    for start in range(1, COMMITS, _BATCH):
        _append(log, [_changes(i % ROUTES, i) for i in range(start, start + _BATCH)])


def _append(log: EventStore, commits: list[list[MeshEvent]]) -> None:
    events = [event for commit in commits for event in commit]
    log.append(Chain.MESH, events, expected=log.head(Chain.MESH).seq)


def _key(route: int) -> ResourceKey:
    return ResourceKey.of(Kind.ROUTE, "town", "all", f"s{route}")


def _spec(route: int, step: int) -> JsonObject:
    weighted: list[JsonObject] = [
        {"virtualNode": f"s{route}-v1", "weight": 100 - step % 100},
        {"virtualNode": f"s{route}-v2", "weight": step % 100},
    ]
    return {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [*weighted]}}}


def _added(route: int) -> list[MeshEvent]:
    return [*diff({}, {_key(route): _resource(route, 0)}, commit=CommitId("0" * 40))]


def _changes(route: int, step: int) -> list[MeshEvent]:
    before = {_key(route): _spec(route, step + 1)}
    after = {_key(route): _resource(route, step)}
    return [_applied(str(step), 1), *diff(before, after, commit=CommitId(f"{step:040x}"))]


def _resource(route: int, step: int) -> Resource:
    key = _key(route)
    return Resource(key, spec_from_json(key, _spec(route, step)), Source(f"s{route}.yaml", {}))


def _applied(name: str, changes: int) -> CommitApplied:
    who = Signature("Bench", "bench@example.com", "2026-11-25T00:00:00Z")
    commit = CommitId(f"{int(name):040x}")
    return CommitApplied(CommitFacts(commit, name, (), who, who, "shift"), None, changes)


def _median(work: Callable[[], object]) -> float:
    """Return the median duration of the work, in milliseconds."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        found = work()
        times.append((time.perf_counter() - started) * 1e3)
        assert not isinstance(found, MeshState) or found.resources
    return statistics.median(times)
