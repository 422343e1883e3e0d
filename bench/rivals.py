"""Our server and the limit server, each with its own load generator."""

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.child import Child, cpu_s, rss_kb, settled_cpu_s
from bench.fleet import build_fleet
from xds.type_urls import ROUTE

_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Round:
    """Measurements of one round. Times in milliseconds."""

    p50: float
    last: float
    cpu: float
    """CPU time of the server: user and system, all threads."""
    load_cpu: float
    """CPU time of the load generator."""
    bytes: int
    """Average bytes sent per stream, with frame headers."""


def median(rounds: list[Round]) -> Round:
    """Return the median of each number."""
    return Round(
        statistics.median(r.p50 for r in rounds),
        statistics.median(r.last for r in rounds),
        statistics.median(r.cpu for r in rounds),
        statistics.median(r.load_cpu for r in rounds),
        statistics.median_low(r.bytes for r in rounds),
    )


class Rival:
    """One control plane under test, and the simulated proxies connected to it."""

    def __init__(self, server: Child, load: Child) -> None:
        self.server = server
        self.load = load
        self._pid = server.process.pid
        self._port = server.ask("port")["port"]

    def storm(
        self,
        streams: int,
        parts: Sequence[Mapping[str, Any]],
        *,
        delta: bool,
        record: bool = False,
    ) -> Round:
        """Connect all proxies at once and wait until each has everything."""
        cpu, load = settled_cpu_s(self._pid), cpu_s(self.load.process.pid)
        found = self.load.ask(
            "connect", port=self._port, streams=streams, parts=parts, delta=delta, record=record
        )
        return self._round(found, found["started"], streams, cpu, load)

    def fan_out(self, streams: int, *, delta: bool) -> Round:
        """Change one route for all connected proxies."""
        cpu, load = settled_cpu_s(self._pid), cpu_s(self.load.process.pid)
        self.load.ask("arm", type=ROUTE, streams=streams)
        began = self.server.ask("change", delta=delta)["began"]
        return self._round(self.load.ask("collect"), began, streams, cpu, load)

    def leave(self) -> None:
        """Disconnect all proxies."""
        self.load.ask("leave")
        time.sleep(_PAUSE_S)
        settled_cpu_s(self._pid)

    def memory_kb(self) -> int:
        """Return the server's memory after garbage collection."""
        self.server.ask("collect garbage")
        settled_cpu_s(self._pid)
        return rss_kb(self._pid)

    def _round(
        self, found: Mapping[str, Any], began: int, streams: int, cpu: float, load: float
    ) -> Round:
        if found["missing"] or found["ended"]:
            raise RuntimeError(
                f"of {streams} streams {found['missing']} lack something, {found['ended']} ended"
            )
        after = settled_cpu_s(self._pid)
        at = found["at"]
        return Round(
            (at[len(at) // 2] - began) / 1e6,
            (at[-1] - began) / 1e6,
            (after - cpu) * 1e3,
            (cpu_s(self.load.process.pid) - load) * 1e3,
            found["bytes"] // streams,
        )


class Rivals:
    """Both servers with equal content: the limit server repeats captured bytes of ours. Ends with
    the block."""

    def __init__(self, folder: Path, *, callers: int = 1, commits: int = 400) -> None:
        self._stack = ExitStack()
        repository = folder / "fleet.git"
        build_fleet(repository, callers=callers, commits=commits)
        with self._stack:
            enter = self._stack.enter_context
            plane, limit = enter(Child("bench.plane", str(repository))), enter(Child("bench.limit"))
            self.ours = Rival(plane, enter(Child("bench.proxies")))
            self.limit = Rival(limit, enter(Child("bench.proxies")))
            self.parts = plane.ask("parts", callers=callers)["parts"]
            self.prepare(10)
            for delta in (False, True):
                self._teach(delta=delta)
            self._stack = self._stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def prepare(self, commits: int) -> None:
        """Prepare this many commits for publication."""
        self.ours.server.ask("prepare", commits=commits)

    def _teach(self, *, delta: bool) -> None:
        """Give the limit server our first responses to a proxy, and those to two route changes."""
        load = self.ours.load
        self.ours.storm(1, self.parts[:1], delta=delta, record=True)
        first, changes = load.ask("capture"), []
        for _ in range(2):
            load.ask("arm", type=ROUTE, streams=1, record=True)
            self.ours.server.ask("change")
            load.ask("collect")
            changes.append(load.ask("capture")[ROUTE])
        self.ours.leave()
        self.limit.server.ask("hold", delta=delta, first=first, changes=changes)
