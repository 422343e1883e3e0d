"""Benchmark of the App Mesh API: real HTTP, a real repository, a real server."""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from bench import town
from bench.api_clients import BASE, token
from bench.child import Child, settled_cpu_s
from bench.figures import Figure
from bench.fleet import BACKENDS, build_fleet, node_id
from bench.repository import Change, build, git
from bench.served import Served, free_port
from events.encoding.codec import decode
from events.opening import open_for_reading
from events.types import Chain, CommitApplied, Seq, SnapshotConverged
from gitmesh.queries.log_location import log_path
from xds.type_urls import ENDPOINT, ROUTE

SPECS, CLIENTS, WRITES_S, WRITE_ROUNDS = 1_000, 20, 10.0, 3
READS, READ_ROUNDS = 100, 15
FEW, MANY, PAGE, PAGES = 1_000, 10_000, 100, 10
PROXIES, GROUPS, RUNS, RUN_S, COMMITS_PER_S, READS_PER_S = 1_000, 100, 20, 4.0, 5, 100
"""A commit concerns the ten proxies of a group."""
AT_ONCE = 50
"""Proxies that connect at the same time."""

_NODE = """\
kind: VirtualNode
meshName: {mesh}
virtualNodeName: n{n:05}
spec:
  serviceDiscovery: {{dns: {{hostname: n{n}.internal}}}}
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
"""


class Api:
    """A server that answers the API to everyone, and its clients. Ends with the block."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.port = free_port()
        options = ("--http", f"127.0.0.1:{self.port}", "--http-anonymous")
        self.server = Served(repository, *options)
        self.clients = Child("bench.api_clients")
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.clients)
        self._stack.enter_context(self.server)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, path: str, times: int) -> tuple[list[float], str]:
        """Ask for a path again and again; return the milliseconds of each answer, and its body."""
        found = self.clients.ask("read", port=self.port, path=path, times=times)
        if found["status"] != 200:
            raise RuntimeError(f"{path}: {found['status']} {found['body'][:200]}")
        return [1e3 * each for each in found["times"]], found["body"]

    def write(self, targets: list[dict[str, Any]], **options: float) -> dict[str, Any]:
        """Let one client for each target write; none may be refused."""
        found = self.clients.ask("write", port=self.port, targets=targets, **options)
        if found["failed"]:
            raise RuntimeError(f"writes have failed: {found['failed'][:3]}")
        return found


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Measure reads beside a bare route, writes of many clients, long lists, and proxies while
    the API is busy."""
    with tempfile.TemporaryDirectory() as folder:
        town.build(Path(folder) / "town.git", SPECS, 0)
        with Api(Path(folder) / "town.git") as api:
            yield from _reads(api)
            yield from _writes(api)
        yield from _lists(Path(folder) / "lists.git")
        yield from _proxies(Path(folder) / "fleet.git", runs=3 if quick else RUNS)


def _reads(api: Api) -> Iterator[Figure]:
    """Compare reads of one resource with a bare route that returns the same bytes, in turns."""
    path = f"{BASE}/town/virtualRouter/s0/routes/all"
    _, body = api.read(path, READS)
    ours, bare, cpus, bare_cpus = list[float](), list[float](), list[float](), list[float]()
    with Child("bench.bare") as rival:
        port = rival.ask("answer", body=body)["port"]
        for _ in range(READ_ROUNDS):
            cpu = settled_cpu_s(api.server.process.pid)
            times, same = api.read(path, READS)
            cpus.append((settled_cpu_s(api.server.process.pid) - cpu) * 1e3 / READS)
            ours.append(statistics.median(times))
            cpu = settled_cpu_s(rival.process.pid)
            found = api.clients.ask("read", port=port, path=path, times=READS)
            bare_cpus.append((settled_cpu_s(rival.process.pid) - cpu) * 1e3 / READS)
            bare.append(statistics.median(found["times"]) * 1e3)
            if found["body"] != same:
                raise RuntimeError("the bare route returns other bytes")
    median, what = statistics.median, f"read of one resource, {len(body)} bytes"
    yield Figure(f"{what}: p50", median(ours), "ms", "< 3", median(bare), "bare")
    yield Figure("  server CPU", median(cpus), "ms", "< 3", median(bare_cpus), "bare")


def _writes(api: Api) -> Iterator[Figure]:
    """Let each client shift the weights of its own route, as fast as it is answered."""
    targets = [
        {"mesh": "town", "router": f"s{n}", "nodes": [f"s{n}-v1", f"s{n}-v2"]}
        for n in range(CLIENTS)
    ]
    totals, fairness, cpus, latencies = list[float](), list[float](), list[float](), list[float]()
    answered, step = set[str](), 1
    for _ in range(WRITE_ROUNDS):
        cpu = api.server.cpu_s()
        found = api.write(targets, for_s=WRITES_S, step=step)
        counts = found["counts"]
        totals.append(sum(counts) / found["took_s"])
        fairness.append(min(counts) / max(counts))
        cpus.append((api.server.cpu_s() - cpu) * 1e3 / sum(counts))
        latencies += found["latencies"]
        for n, count in enumerate(counts):
            answered.update(token(f"s{n}", step + done) for done in range(count))
        step += max(counts)
    what = f"{CLIENTS} clients write, {SPECS:,} specs"
    yield Figure(f"{what}: commits", statistics.median(totals), "/s", "> 50")
    yield Figure("  slowest client beside the fastest", min(fairness), "", "> 0.5")
    yield Figure("  server CPU of a commit", statistics.median(cpus), "ms")
    yield Figure("  call to answer, p50", statistics.median(latencies) * 1e3, "ms")
    git_has, log_has = _tokens_in_git(api.repository), _tokens_in_log(api.repository)
    for where, tokens in (("git", git_has), ("the log", log_has)):
        lost = len(answered - set(tokens)) + len(tokens) - len(answered)
        yield Figure(f"  of {len(answered):,} answered, lost or twice in {where}", lost, "", "< 1")


def _tokens_in_git(repository: Path) -> list[str]:
    form = "--format=%(trailers:key=Client-Token,valueonly,separator=%x2C)"
    return [line for line in git(repository, "log", "--first-parent", form).split("\n") if line]


def _tokens_in_log(repository: Path) -> list[str]:
    with open_for_reading(log_path(repository)) as log:
        events = [decode(record) for record in log.read(Chain.MESH)]
    trailers = [dict(e.facts.trailers) for e in events if isinstance(e, CommitApplied)]
    return [found["Client-Token"] for found in trailers if "Client-Token" in found]


def _lists(repository: Path) -> Iterator[Figure]:
    """Compare pages of a long list with pages of a short one: the first, and one inside."""
    meshes = {"few": FEW, "many": MANY}
    files = {
        f"{mesh}/{at}.yaml": "---\n".join(
            _NODE.format(mesh=mesh, n=n) for n in range(at, min(at + PAGE, count))
        )
        for mesh, count in meshes.items()
        for at in range(0, count, PAGE)
    }
    files |= {f"{m}/mesh.yaml": f"{{kind: Mesh, meshName: {m}}}\n" for m in meshes}
    build(repository, [Change("everything", files)])
    with Api(repository) as api:
        paths = {mesh: f"{BASE}/{mesh}/virtualNodes?limit={PAGE}" for mesh in meshes}
        inside = {mesh: f"{path}&nextToken={_fifth(api, path)}" for mesh, path in paths.items()}
        for what, asked in (("the first", paths), ("the sixth", inside)):
            times: dict[str, list[float]] = {mesh: [] for mesh in meshes}
            for _ in range(PAGES):
                for mesh, path in asked.items():
                    took, body = api.read(path, 3)
                    times[mesh].append(statistics.median(took))
                    if len(json.loads(body)["virtualNodes"]) != PAGE:
                        raise RuntimeError("a page is not full")
            few, many = (statistics.median(times[mesh]) for mesh in meshes)
            name = f"{what} page of {PAGE} of {MANY:,} resources"
            yield Figure(name, many, "ms", "< 1.5", few, f"of {FEW:,}")


def _fifth(api: Api, path: str) -> str:
    """Return the token that follows the fifth page."""
    _, body = api.read(path, 1)
    for _ in range(4):
        _, body = api.read(f"{path}&nextToken={json.loads(body)['nextToken']}", 1)
    return str(json.loads(body)["nextToken"])


def _proxies(repository: Path, runs: int) -> Iterator[Figure]:
    """Compare commit to ACK while others read through the API with an API that only writes."""
    build_fleet(repository, callers=PROXIES, groups=GROUPS)
    parts = [_part(n) for n in range(PROXIES)]
    idle, busy, reads, step = list[float](), list[float](), list[float](), 1
    with Api(repository) as api, Child("bench.proxies") as load:
        for at in range(0, PROXIES, AT_ONCE):  # a storm is measured elsewhere
            some = parts[at : at + AT_ONCE]
            found = load.ask(
                "connect", port=api.server.port, streams=len(some), parts=some, delta=True
            )
            if found["missing"] or found["ended"]:
                raise RuntimeError(f"{found['missing']} lack something, {found['ended']} ended")
        targets = [{"mesh": "fleet", "router": "s0", "nodes": ["p0", "p1"]}]
        path = f"{BASE}/fleet/virtualRouter/s500/routes/all"
        for run in range(2 * runs):
            is_busy = run % 2 == 1
            since = _head(repository)
            if is_busy:
                api.clients.ask(
                    "start reading", port=api.port, clients=4, rate=READS_PER_S, path=path
                )
            every = 1 / COMMITS_PER_S
            with Child("bench.api_clients") as writer:
                wrote = writer.ask(
                    "write", port=api.port, targets=targets, for_s=RUN_S, step=step, every_s=every
                )
            if wrote["failed"]:
                raise RuntimeError(f"writes have failed: {wrote['failed']}")
            step += wrote["counts"][0]
            if is_busy:
                reads.append(api.clients.ask("stop reading")["answers"] / wrote["took_s"])
            _settle(repository)
            (busy if is_busy else idle).append(_p99(_acked(repository, since)))
    ratios = sorted(one / other for one, other in zip(busy, idle, strict=True))
    what = f"commit to ACK, {PROXIES:,} proxies, {statistics.median(reads):.0f} reads/s"
    p99s = statistics.median(busy), statistics.median(idle)
    yield Figure(f"{what}: p99", p99s[0], "ms", "", p99s[1], "idle")
    yield Figure(f"  median ratio of {runs} pairs of runs", statistics.median(ratios), "", "< 2")
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    yield Figure("  the middle half of them: from", low, "")
    yield Figure("  to", high, "")


def _part(caller: int) -> dict[str, Any]:
    first = caller * GROUPS // PROXIES * BACKENDS
    clusters = [f"cds_egress_fleet_p{first + n}_http_8080" for n in range(BACKENDS + 1)]
    routes = ["rds_egress_http_8080", "rds_ingress_http_8080"]
    return {"node": node_id(caller), "names": {ENDPOINT: clusters, ROUTE: routes}}


def _head(repository: Path) -> int:
    with open_for_reading(log_path(repository)) as log:
        return log.head(Chain.DELIVERY).seq


def _settle(repository: Path) -> None:
    """Wait until proxies have all; they are never quiet, because connections are pinged."""
    before = -1
    while (now := _head(repository)) != before:
        before = now
        time.sleep(0.5)


def _acked(repository: Path, since: int) -> list[float]:
    """Return the milliseconds from each move of the branch to the last acknowledgement of it."""
    with open_for_reading(log_path(repository)) as log:
        events = [decode(record) for record in log.read(Chain.DELIVERY, after=Seq(since))]
    found = [e.timings["acked"] / 1e3 for e in events if isinstance(e, SnapshotConverged)]
    if not found:
        raise RuntimeError("no proxy has acknowledged anything")
    return found


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.99 * len(values)))]
