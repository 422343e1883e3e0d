"""Benchmark of a push until the last proxy has it: real repository, real server, real pushes.

The mesh has a thousand nodes with ten backends each, in ten groups: one route affects a hundred.
"""

import contextlib
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.child import Child
from bench.figures import Figure
from bench.fleet import BACKENDS, build_fleet, node_id, shift, shift_path
from bench.repository import move
from bench.served import Served, WorkTree
from bench.together import with_workers
from xds.type_urls import ENDPOINT, ROUTE

NODES, GROUPS, PUSHES, BURST = 1_000, 10, 15, 100
QUICK = 100
_QUIET_S = 0.6


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Measure pushes of one route, pushes without a change, and a burst of commits."""
    nodes = QUICK if quick else NODES
    with tempfile.TemporaryDirectory() as folder:
        for delta in (False, True):
            yield from _one_variant(Path(folder) / str(delta), nodes, delta=delta)
        yield from with_workers(Path(folder) / "workers", [_part(0, nodes)] * nodes, GROUPS)


def _one_variant(folder: Path, nodes: int, *, delta: bool) -> Iterator[Figure]:
    folder.mkdir()
    repository = folder / "fleet.git"
    build_fleet(repository, callers=nodes, groups=GROUPS)
    tree = WorkTree(repository)
    parts = [_part(n, nodes) for n in range(nodes)]
    variant = "delta" if delta else "SotW"
    with Child("bench.proxies") as load:
        with Served(repository) as server:
            port = server.port
            found = load.ask(
                "connect", port=port, streams=nodes, parts=parts, delta=delta, record=True
            )
            _whole(found)
            last = (found["at"][-1] - found["started"]) / 1e6
            yield Figure(f"storm on {nodes:,} nodes never built before, {variant}", last, "ms")
            yield from _one_route(server, load, tree, repository, nodes, variant)
            yield from _nothing(load, tree, variant)
            yield from _burst(load, tree, repository, nodes, variant)
            held = load.ask("versions", parts=nodes)["held"]
        load.ask("leave")
        yield from _restart(repository, port, load, parts, held, delta=delta)


def _one_route(
    server: Served, load: Child, tree: WorkTree, repository: Path, nodes: int, variant: str
) -> Iterator[Figure]:
    users = nodes // GROUPS
    p50s, lasts, cpus, others = [], [], [], 0
    for step in range(1, PUSHES + 1):
        tree.commit({shift_path(0): shift(0, step)}, f"shift {step}")
        load.ask("arm", type=ROUTE, streams=users, record=True)
        cpu = server.cpu_s()
        moved = tree.push()
        found = load.ask("collect")
        _whole(found)
        p50s.append((found["at"][users // 2] - moved) / 1e6)
        lasts.append((found["at"][-1] - moved) / 1e6)
        others += load.ask("quiet", for_s=0.1)["responses"] - users
        cpus.append((server.cpu_s() - cpu) * 1e3)
    what = f"push of one route, {users} of {nodes:,} nodes use it, {variant}"
    yield Figure(f"{what}: p50", statistics.median(p50s), "ms")
    yield Figure("  ref moved to last proxy has it", statistics.median(lasts), "ms", "< 100")
    yield Figure("  server CPU, git and log included", statistics.median(cpus), "ms")
    yield Figure("  responses to anybody else", others, "", "< 1")
    published, written = _told(repository)
    yield Figure("  ref moved to last byte written, as the log has it", written, "ms", "< 100")
    yield Figure("  nodes that were rebuilt and published", published, "nodes", f"< {users + 1}")


def _told(repository: Path) -> tuple[float, float]:
    """Return the log's data about these pushes: the number of nodes that each affected, and the
    median of the milliseconds from the moved ref to the last byte written."""
    where = repository / "gitmesh" / "events.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as log:
        query = "SELECT kind, data FROM delivery_events ORDER BY seq"
        events = [(kind, json.loads(body)) for kind, body in log.execute(query)]
    nodes = [len(body["nodes"]) for kind, body in events if kind == "SnapshotPublished"]
    times = [body["timings"] for kind, body in events if kind == "SnapshotConverged"]
    written = [each["written"] / 1e3 for each in times if "written" in each]
    return max(nodes), statistics.median(written)


def _nothing(load: Child, tree: WorkTree, variant: str) -> Iterator[Figure]:
    """Push a commit that changes no resource."""
    commits: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("a commit without a change", {}),
        ("a comment alone", {shift_path(0): f"# no more\n{shift(0, PUSHES)}"}),
    )
    for what, files in commits:
        tree.commit(files, what)
        load.ask("arm", type=ROUTE, streams=1)
        tree.push()
        found = load.ask("quiet", for_s=_QUIET_S)
        yield Figure(f"{what}, {variant}: responses", found["responses"], "", "< 1")


def _burst(
    load: Child, tree: WorkTree, repository: Path, nodes: int, variant: str
) -> Iterator[Figure]:
    """Move the branch through many commits, one by one and without a pause."""
    users = nodes // GROUPS
    load.ask("arm", type=ROUTE, streams=users, record=True)
    commits = [
        tree.commit({shift_path(0): shift(0, PUSHES + step)}, f"burst {step}")
        for step in range(1, BURST + 1)
    ]
    tree.push("burst")
    began = time.monotonic_ns()
    for commit in commits:
        move(repository, commit)
    moved = time.monotonic_ns()
    _whole(load.ask("collect"))
    found = load.ask("quiet", for_s=_QUIET_S)
    yield Figure(
        f"burst of {BURST} commits, {variant}: the moves themselves", (moved - began) / 1e6, "ms"
    )
    yield Figure("  last move to last proxy has it", (found["last_at"] - moved) / 1e6, "ms")
    yield Figure("  responses to each affected proxy", found["responses"] / users, "")


def _restart(
    repository: Path,
    port: int,
    load: Child,
    parts: list[dict[str, Any]],
    held: list[dict[str, dict[str, str]]],
    *,
    delta: bool,
) -> Iterator[Figure]:
    """Restart the server, and let all proxies reconnect with what they have."""
    began = time.monotonic()
    with Served(repository, port=port) as server:
        ready = time.monotonic() - began
        cpu = server.cpu_s()
        found = load.ask(
            "connect", port=port, streams=len(parts), parts=parts, delta=delta, held=held,
            silent=_QUIET_S,
        )  # fmt: skip
        what = f"restart under {len(parts):,} {'delta' if delta else 'SotW'} streams"
        yield Figure(f"{what}: start to ready", ready, "s")
        yield Figure("  server CPU to take them back", (server.cpu_s() - cpu) * 1e3, "ms")
        if delta:
            yield Figure("  resources sent again", found["resources"] + found["removed"], "", "< 1")
        else:
            # A request with names is answered whatever its version: the version of endpoints and
            # routes does not show which of them the client holds. A wildcard request with the
            # current version is not.
            sent = found["responses"] / len(parts)
            yield Figure(
                "  responses to each, which asks for two types by name", sent, "", "< 2.01"
            )
        yield Figure("  streams that were not taken", found["ended"], "", "< 1")
        load.ask("leave")


def _part(caller: int, nodes: int) -> dict[str, Any]:
    """Return the names that a caller subscribes to, as a proxy derives them from clusters and
    listeners."""
    first = caller * GROUPS // nodes * BACKENDS
    clusters = [f"cds_egress_fleet_p{first + n}_http_8080" for n in range(BACKENDS + 1)]
    routes = ["rds_egress_http_8080", "rds_ingress_http_8080"]
    return {"node": node_id(caller), "names": {ENDPOINT: clusters, ROUTE: routes}}


def _whole(found: Mapping[str, Any]) -> None:
    if found["missing"] or found["ended"]:
        raise RuntimeError(f"{found['missing']} lack something, {found['ended']} streams ended")
