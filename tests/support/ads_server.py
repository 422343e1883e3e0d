"""A server on a loopback port for tests, serving hand-made resources."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from events.latest import Latest
from events.publication import Publication
from events.state import MeshState
from events.types import CommitId, DeliveryEvent, Seq
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from tests.support.shop_xds import Translation
from xds.delivery.recorder import Recorder
from xds.nodes import ProxyIdentity
from xds.reports.measured import Measured
from xds.server.discovery import AdsSettings, serve_ads
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.resources import Pool

NODE_SPEC: JsonObject = {"serviceDiscovery": {"dns": {"hostname": "cart.local"}}}


def key(name: str) -> ResourceKey:
    """Return the key of a virtual node of the mesh ``shop``."""
    return ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name)


@dataclass
class TestMesh:
    """A mesh in which a test defines the translation of each node."""

    __test__ = False

    translations: dict[str, Translation] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    """Nodes whose translation raises."""
    translated: list[str] = field(default_factory=list)
    """The nodes that were translated, in order."""
    _resources: dict[ResourceKey, JsonObject] = field(default_factory=dict)
    _number: int = 0

    def translate(self, graph: MeshGraph, proxy: ProxyIdentity) -> Translation:
        """Replace the real translation."""
        self.translated.append(proxy.key.name)
        if proxy.key.name in self.failing:
            raise ValueError("this node cannot be translated")
        return self.translations[proxy.key.name]

    def commit(self, **nodes: Translation | None) -> Publication:
        """Return the publication of a commit that changes nodes; ``None`` removes one."""
        self._number += 1
        for name, translation in nodes.items():
            if translation is None:
                self._resources.pop(key(name), None)
            else:
                self.translations[name] = translation
                spec = {**NODE_SPEC, "backends": []} if self._number % 2 else {**NODE_SPEC}
                self._resources[key(name)] = spec
        commit = CommitId(f"{self._number:040x}")
        state = MeshState(Seq(self._number), commit, commit, dict(self._resources))
        moved = self._number * 1_000_000_000
        return Publication(state, moved_ns=moved, seen_ns=moved + 1000, planned_ns=moved + 2000)


@dataclass
class Served:
    """A running server."""

    port: int
    mesh: TestMesh
    cache: SnapshotCache
    latest: Latest[Publication]
    events: list[DeliveryEvent]
    ready: asyncio.Event
    measured: list[Measured]

    async def first(self, **nodes: Translation | None) -> CommitId:
        """Publish the first commit, and wait until proxies are served."""
        commit = self.publish(**nodes)
        await self.ready.wait()
        return commit

    def publish(self, **nodes: Translation | None) -> CommitId:
        """Make a commit and publish it."""
        publication = self.mesh.commit(**nodes)
        self.latest.set(publication)
        assert publication.state.commit is not None
        return publication.state.commit

    async def event(self, kind: type[DeliveryEvent], **facts: object) -> DeliveryEvent:
        """Wait for an event of that kind with those fields."""
        async with asyncio.timeout(10):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and _has(event, facts):
                        return event
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    settings: AdsSettings | None = None, pool: Pool | None = None
) -> AsyncIterator[Served]:
    """Serve until the block ends; nothing is published yet."""
    mesh, events, measured = TestMesh(), list[DeliveryEvent](), list[Measured]()
    cache, latest = SnapshotCache(mesh.translate, pool=pool), Latest[Publication]()

    def append(batch: Sequence[DeliveryEvent]) -> None:
        events.extend(batch)

    ready = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(
        serve_ads(
            "127.0.0.1:0",
            cache,
            latest,
            Recorder(append),
            settings=settings or AdsSettings(grace_s=0.0),
            traffic=measured.append,
            started=port.set_result,
            ready=ready.set,
        )
    )
    try:
        yield Served(await port, mesh, cache, latest, events, ready, measured)
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


def _has(event: object, facts: Mapping[str, object]) -> bool:
    return all(getattr(event, name) == value for name, value in facts.items())
