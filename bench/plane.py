"""``python -m bench.plane REPOSITORY``: our xDS server on a real mesh; publishes on command.

Everything is as in ``gitmesh serve``: the repository is followed, the event log is on disk, and the
real server serves the proxies. Only the time of each publication is controlled by the benchmark, so
that the cost of a publication can be separated from that of a push.
"""

import asyncio
import gc
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from bench.child import answer_commands_of
from bench.fleet import node_id
from bench.repository import git, move
from events.latest import Latest
from events.opening import open_for_writing
from events.publication import Publication
from events.store import EventStore
from mesh.graph.mesh_graph import MeshGraph
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from xds.delivery.recorder import Recorder
from xds.nodes import ProxyIdentity, parse_identity
from xds.server.discovery import AdsSettings, serve_ads
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.snapshot import build_snapshot
from xds.translate import translate
from xds.type_urls import ENDPOINT, ROUTE


class Plane:
    """The server, and the commits that are not published yet."""

    def __init__(self, repository: Path, log: EventStore) -> None:
        self._path = repository
        self._commits = git(repository, "rev-list", "--first-parent", "--reverse", "main").split()
        move(repository, self._commits[0])
        self._follower = Follower(GitRepository.open(repository), log)
        self._log = log
        self._ahead: list[Publication] = []
        self._latest = Latest[Publication]()
        self._translations = 0
        self.cache = SnapshotCache(self._translate)
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Serve the first commit until cancelled."""
        found = self._follower.catch_up()
        assert found is not None
        self._latest.set(found)
        started = list[int]()
        await serve_ads(
            "127.0.0.1:0",
            self.cache,
            self._latest,
            Recorder(self._log.append_observed),
            started=started.append,
            ready=lambda: self.port.set_result(started[0]),
            # The benchmark repeats connect storms, which real fleets do not.
            settings=AdsSettings(new_streams_per_s=1e6, new_streams_at_once=1_000_000),
        )

    def _translate(self, graph: MeshGraph, proxy: ProxyIdentity) -> Any:
        self._translations += 1
        return translate(graph, proxy)

    # ---- commands --------------------------------------------------------------------------------

    async def parts(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Respond with the nodes of the first callers and the names that each subscribes to."""
        parts = []
        for number in range(command["callers"]):
            identity = parse_identity(node_id(number), {})
            snapshot = build_snapshot(self.cache.pool, translate(self.cache.graph, identity))
            names = {t: list(snapshot[t].by_name) for t in (ENDPOINT, ROUTE)}
            parts.append({"node": node_id(number), "names": names})
        return {"parts": parts}

    async def prepare(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow more commits, without publishing them."""
        at = self._commits.index(self._follower.state.tip or "") + 1
        for commit in self._commits[at : at + command["commits"]]:
            move(self._path, commit)
            found = self._follower.catch_up()
            assert found is not None
            self._ahead.append(found)
        return {"prepared": len(self._ahead)}

    async def change(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        """Publish the next commit; respond with the start time."""
        self._translations = 0
        began = time.monotonic_ns()
        self._latest.set(self._ahead.pop(0))
        return {"began": began}


async def main() -> None:
    """Serve until standard input ends."""
    gc.set_threshold(50_000, 20, 50)  # as `gitmesh serve` does
    with tempfile.TemporaryDirectory() as folder:
        log = open_for_writing(Path(folder) / "events.sqlite3")
        plane, loop = Plane(Path(sys.argv[1]), log), asyncio.get_running_loop()
        serving = asyncio.create_task(plane.serve())
        port = await plane.port

        def on_loop(work: Any) -> Any:
            def command(arguments: Mapping[str, Any]) -> Any:
                coroutine: Coroutine[Any, Any, Any] = work(arguments)
                return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

            return command

        commands = {
            "port": lambda _: {"port": port},
            "parts": on_loop(plane.parts),
            "prepare": on_loop(plane.prepare),
            "change": on_loop(plane.change),
            "translations": lambda _: {"translations": plane._translations},
            "collect garbage": lambda _: {"collected": gc.collect()},
        }
        reading = threading.Thread(target=answer_commands_of, args=(commands, lambda: None))
        reading.start()
        await asyncio.to_thread(reading.join)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        log.close()


if __name__ == "__main__":
    asyncio.run(main())
