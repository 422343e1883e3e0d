"""Benchmark of the console: pages of a large mesh with a long history, and many open pages."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

from bench.child import Child, settled_cpu_s
from bench.console_chromium import first_loads
from bench.figures import Figure
from bench.fleet import BACKENDS, build_fleet, node_id, shift, shift_path
from bench.repository import git
from bench.served import Served, WorkTree, free_port
from xds.type_urls import ENDPOINT, ROUTE

NODES, GROUPS, COMMITS, TIMES = 1_000, 10, 10_000, 15
OPEN_PAGES, RUNS, PUSHES = 100, 20, 1
AT_ONCE = 50
"""Proxies that connect at the same time."""
_IDLE_S: Final = 1.5
"""Open pages are at rest when none was fetched for so long."""
_PATIENCE_S: Final = 60.0

_NODE: Final = "mesh/fleet/virtualNode/web0"
_SERVICE: Final = "mesh/fleet/virtualService/s0.fleet.internal"
_ROUTE: Final = "mesh/fleet/virtualRouter/s0/route/all"
PAGES: Final = {
    "overview": "/",
    "overview, at a moment": "/?at=5000",
    "traffic": "/traffic",
    "traffic of a service, a request asked": f"/traffic/{_SERVICE}?path=/some",
    "resources": "/resources",
    "resource, spec": f"/resource/{_NODE}",
    "resource, Envoy": f"/resource/{_NODE}?tab=envoy",
    "resource, history": f"/resource/{_ROUTE}?tab=history",
    "resource, blame of 10,000 commits": f"/resource/{_ROUTE}?tab=blame",
    "edit": f"/edit/{_ROUTE}",
    "delete": f"/delete/{_ROUTE}",
    "shift": f"/shift/{_ROUTE}?w.0=75&w.1=25",
    "new service": "/new/service?mesh=fleet&service=pay.local&step=review",
    "new resource": "/new/resource",
    "topology": "/topology",
    "topology, all services": "/topology?detail=services",
    "topology around a node": f"/topology?around={_NODE}",
    "topology around a service that 100 call": f"/topology?around={_SERVICE}",
    "topology, compared": "/topology?diff=5000",
    "topology, at a moment": "/topology?at=5000",
    "log": "/log",
    "log, an old page": "/log?before=9000",
    "log of a resource": f"/log?resource={_ROUTE}",
    "log of an author, none": "/log?author=nobody",
    "log, events": "/log?view=events",
    "commit": "/commit/main",
    "commit, an old one": "/commit/{old}",
    "undo": "/undo/main",
    "undo of an old one": "/undo/{old}",
    "comparison of two moments": "/compare?before=5000&after=15000",
    "state at a moment": "/state?at=5000",
    "verification": "/verification",
    "problems": "/problems",
    "proxies": "/proxies",
    "pin": "/pin",
}


class Console:
    """A server with a console, and its clients. Ends with the block."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.port = free_port()
        self.server = Served(repository, "--console", f"127.0.0.1:{self.port}")
        self.browsers = Child("bench.console_browsers")
        self.cookie = ""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.browsers)
        self._stack.enter_context(self.server)
        found = self.browsers.ask("sign in", port=self.port)
        if found["status"] != 303:
            raise RuntimeError(f"the console lets nobody in: {found['status']}")
        self.cookie = found["cookie"]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, path: str, times: int = TIMES) -> tuple[float, int]:
        """Return the median milliseconds of a page, and its size in bytes."""
        found = self.browsers.ask("read", path=path, times=times)
        if found["status"] != 200:
            raise RuntimeError(f"{path}: status {found['status']}")
        return 1e3 * statistics.median(found["times"]), found["bytes"]

    def connect(self, load: Child, parts: list[dict[str, Any]]) -> None:
        """Connect proxies, some at a time."""
        for at in range(0, len(parts), AT_ONCE):
            some = parts[at : at + AT_ONCE]
            asked = {"streams": len(some), "parts": some, "delta": True}
            found = load.ask("connect", port=self.server.port, **asked)
            if found["missing"] or found["ended"]:
                raise RuntimeError(f"{found['missing']} lack something, {found['ended']} ended")


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Measure each page, the first load in a real browser, and pushes under open pages."""
    with tempfile.TemporaryDirectory() as folder:
        commits = COMMITS // 10 if quick else COMMITS
        where = Path(folder) / "long.git"
        build_fleet(where, callers=NODES, groups=GROUPS, commits=commits)
        if not quick:
            yield from pages(where)
        where = Path(folder) / "fleet.git"
        build_fleet(where, callers=NODES)
        yield from open_pages(where, runs=3 if quick else RUNS)


def pages(repository: Path) -> Iterator[Figure]:
    """Measure each page with 1,000 connected proxies, and a bare page in turns."""
    with Console(repository) as console, Child("bench.proxies") as load:
        console.connect(load, [_part(n, GROUPS) for n in range(NODES)])
        bare, cpus = list[float](), list[float]()
        with Child("bench.bare_page") as rival:
            port = rival.ask("port")["port"]
            old = git(repository, "rev-parse", f"main~{COMMITS // 2}").strip()
            for name, pattern in PAGES.items():
                path = pattern.replace("{old}", old)
                found = console.browsers.ask("read", port=port, path="/", times=TIMES)
                bare.append(1e3 * statistics.median(found["times"]))
                console.read(path, 1)
                cpu = settled_cpu_s(console.server.process.pid)
                took, size = console.read(path)
                cpu = settled_cpu_s(console.server.process.pid) - cpu
                cpus.append(1e3 * cpu / (TIMES + 1))
                yield Figure(f"page: {name}, {size / 1e3:.0f} kB", took, "ms", "< 100")
        yield Figure("  median of all pages", statistics.median(cpus), "ms CPU")
        yield Figure("a bare page of Starlette and Jinja2", statistics.median(bare), "ms")
        yield from first_loads(f"http://127.0.0.1:{console.port}", console.cookie)


def open_pages(repository: Path, runs: int) -> Iterator[Figure]:
    """Compare pushes while 100 pages follow the log with pushes while none is open, in turns."""
    paths = ["/" if n % 2 else "/log" for n in range(OPEN_PAGES)]
    tree, step, fetched = WorkTree(repository), 0, 0
    quiet, busy = list[float](), list[float]()
    with Console(repository) as console, Child("bench.proxies") as load:
        console.connect(load, [_part(n, 1) for n in range(NODES)])
        for run in range(2 * runs):
            is_busy = run % 2 == 1
            if is_busy:
                console.browsers.ask("open", paths=paths)
            lasts = []
            for _ in range(PUSHES):
                _rest(console)
                step += 1
                lasts.append(_push(tree, load, step))
            (busy if is_busy else quiet).append(statistics.median(lasts))
            if is_busy:
                _rest(console)
                found = console.browsers.ask("close")
                fetched += found["fetched"]
                if found["ended"]:
                    raise RuntimeError(f"pages have lost the server: {found['ended'][:3]}")
    ratios = sorted(one / other for one, other in zip(busy, quiet, strict=True))
    what = f"push to last ACK, {NODES:,} proxies, {OPEN_PAGES} open pages"
    medians = statistics.median(busy), statistics.median(quiet)
    yield Figure(what, medians[0], "ms", "", medians[1], "none")
    yield Figure("  pages fetched anew after a push", fetched / runs / PUSHES, "")
    yield Figure(f"  median ratio of {runs} pairs of runs", statistics.median(ratios), "", "< 1.1")
    low = _rank_of_interval(runs)
    yield Figure("  95 % interval of that median: from", ratios[low], "")
    yield Figure("  to", ratios[-1 - low], "")


def _push(tree: WorkTree, load: Child, step: int) -> float:
    """Push another split of a route that all call; return the milliseconds until the last ACK."""
    tree.commit({shift_path(0): shift(0, step)}, f"shift {step}")
    load.ask("arm", type=ROUTE, streams=NODES)
    moved = tree.push()
    found = load.ask("collect")
    if found["missing"] or found["ended"]:
        raise RuntimeError(f"{found['missing']} lack something, {found['ended']} streams ended")
    return float(found["at"][-1] - moved) / 1e6


def _rest(console: Console) -> None:
    """Wait until no page was fetched for a while."""
    time.sleep(_IDLE_S)
    deadline = time.monotonic() + _PATIENCE_S
    while console.browsers.ask("counted")["since_s"] < _IDLE_S:
        if time.monotonic() > deadline:
            raise RuntimeError("open pages find no rest")
        time.sleep(0.1)


def _rank_of_interval(size: int) -> int:
    """Return the rank, from 0, of the smallest value of the median's 95 % interval (sign test)."""
    chance, below, rank = 0.5**size, 0.0, 0
    while below + chance <= 0.025:
        below += chance
        rank += 1
        chance *= (size - rank + 1) / rank
    return max(0, rank - 1)


def _part(caller: int, groups: int) -> dict[str, Any]:
    first = caller * groups // NODES * BACKENDS
    clusters = [f"cds_egress_fleet_p{first + n}_http_8080" for n in range(BACKENDS + 1)]
    routes = ["rds_egress_http_8080", "rds_ingress_http_8080"]
    return {"node": node_id(caller), "names": {ENDPOINT: clusters, ROUTE: routes}}
