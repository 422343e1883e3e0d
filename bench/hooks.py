"""Benchmark of the git hooks: a ``git push`` of one route to a real server, with and without hooks.

No proxy is connected, so only the hooks' own work and the server's result are measured.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.served import Served, WorkTree
from bench.town import SPECS_OF_A_SERVICE, build, shifted
from gitmesh.hooks.scripts import NAMES, install

NODES = (10, 1_000)
PUSHES = 11
_NODES_OF_A_SERVICE = 2


def figures() -> Iterator[Figure]:
    """Push one route again and again."""
    for nodes in NODES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _of_mesh(Path(folder), nodes)


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
