"""Benchmark of the git hooks: a ``git push`` of one route to a real server, with and without hooks.

First without proxies, so that only the hooks' own work and the server's result are measured; then
with ten real Envoys that all get the route.
"""

import contextlib
import json
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.envoys import envoys, wait_for_proxies
from bench.figures import Figure
from bench.fleet import build_fleet, shift, shift_path
from bench.served import Served, WorkTree
from bench.town import SPECS_OF_A_SERVICE, build, shifted
from gitmesh.hooks.scripts import NAMES, install

NODES = (10, 1_000)
PUSHES = 11
ENVOYS = 10
_NODES_OF_A_SERVICE = 2


def figures() -> Iterator[Figure]:
    """Push one route again and again."""
    for nodes in NODES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _of_mesh(Path(folder), nodes)
    with tempfile.TemporaryDirectory() as folder:
        yield from _of_envoys(Path(folder))


def _of_mesh(folder: Path, nodes: int) -> Iterator[Figure]:
    repository = folder / "town.git"
    services = nodes // _NODES_OF_A_SERVICE
    build(repository, services * SPECS_OF_A_SERVICE, 0)
    tree = WorkTree(repository)
    plain: list[float] = []
    hooked: list[float] = []
    cpus: list[float] = []
    with Served(repository):
        for step in range(1, PUSHES + 1):
            _remove(repository)
            plain.append(_push(tree, 2 * step))
            install(repository)
            cpu = _children_s()
            hooked.append(_push(tree, 2 * step + 1))
            cpus.append((_children_s() - cpu) * 1e3)
    with_hooks, without = statistics.median(hooked), statistics.median(plain)
    yield Figure(f"push of one route, {nodes:,} nodes, with hooks: p50", with_hooks, "ms")
    yield Figure("  slowest", max(hooked), "ms")
    yield Figure("  CPU of git and hooks", statistics.median(cpus), "ms")
    yield Figure("  without hooks: p50", without, "ms")
    yield Figure("  with against without", with_hooks / without, "times")


def _of_envoys(folder: Path) -> Iterator[Figure]:
    repository = folder / "fleet.git"
    build_fleet(repository, callers=ENVOYS)
    install(repository)
    tree = WorkTree(repository)
    whole: list[float] = []
    acked: list[float] = []
    with Served(repository) as server, envoys(ENVOYS, folder, server.port):
        wait_for_proxies(ENVOYS, [sys.executable, "-m", "gitmesh"], repository)
        for step in range(1, PUSHES + 2):
            commit = tree.commit({shift_path(0): shift(0, step)}, f"shift {step}")
            began = time.monotonic_ns()
            moved = tree.push()
            whole.append((time.monotonic_ns() - began) / 1e6)
            acked.append((moved - began) / 1e6 + _acked_ms(repository, commit))
    # The first push makes the hooks' process read the mesh.
    what = f"push of one route that {ENVOYS} Envoys get"
    yield Figure(f"{what}: client's start to last ACK, p50", _median(acked), "ms", "< 100")
    yield Figure("  the whole push, p50", _median(whole), "ms", "< 150")
    yield Figure("  slowest", max(whole[1:]), "ms")


def _median(times: list[float]) -> float:
    return statistics.median(times[1:])


def _acked_ms(repository: Path, commit: str) -> float:
    """Return the milliseconds from the move of the branch to the last ACK, as the log has them."""
    where = repository / "gitmesh" / "events.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as log:
        query = 'SELECT data FROM delivery_events WHERE kind = ? AND "commit" = ?'
        [(body,)] = log.execute(query, ("SnapshotConverged", commit))
    found = json.loads(body)
    if found["proxies"] != ENVOYS:
        raise RuntimeError(f"{found['proxies']} proxies got the commit")
    return float(found["timings"]["acked"]) / 1e3


def _push(tree: WorkTree, step: int) -> float:
    """Return the duration of a push in milliseconds, as the pusher sees it."""
    tree.commit(shifted(0, step), f"shift {step}")
    began = time.perf_counter()
    tree.push()
    return (time.perf_counter() - began) * 1e3


def _remove(repository: Path) -> None:
    for name in NAMES:
        (repository / "hooks" / name).unlink(missing_ok=True)


def _children_s() -> float:
    """Return the CPU time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
