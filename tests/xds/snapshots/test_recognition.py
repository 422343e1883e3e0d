"""Clients that reconnect: recognition of their configuration in the log, and its limits."""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest

from events.types import Seq
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from tests.support.ads_server import TestMesh, key
from tests.support.shop_xds import Translation, mesh
from xds.delivery.delivery_tracker import DeliveryTracker
from xds.delivery.recorder import Recorder
from xds.nodes import ProxyIdentity
from xds.protocol.session import Session
from xds.refusals.refusal_history import KnownRefusal
from xds.server.hub import Hub
from xds.server.stream import Stream
from xds.snapshots import recognition
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.recognition import Recognition
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import build_snapshot
from xds.type_urls import CLUSTER
from xds.wire.encode import encode

CART = ProxyIdentity(key("cart"))
NODE = Node(id=str(key("cart")))


class Town:
    """A mesh that remembers what it was after every commit, as the log does."""

    def __init__(self) -> None:
        self.mesh = TestMesh()
        self.cache = SnapshotCache(self.translate)
        self.specs: list[Mapping[ResourceKey, JsonObject]] = []
        self.made: list[dict[str, Translation]] = []
        self.searches = 0
        self.pause_s = 0.0
        self.threads: set[int] = set()

    def commit(self, **nodes: Translation) -> None:
        # The spec of a test's mesh says nothing: its backends say which commit it is of.
        publication = self.mesh.commit(**nodes)
        number = len(self.specs) + 1
        resources = dict(self.specs[-1]) if self.specs else {}
        for name in nodes:
            service: JsonObject = {"virtualService": {"virtualServiceName": f"v{number}.local"}}
            resources[key(name)] = {**publication.state.resources[key(name)], "backends": [service]}
        self.specs.append(resources)
        self.made.append({**(self.made[-1] if self.made else {}), **nodes})

        self.cache.absorb(
            replace(publication, state=replace(publication.state, resources=resources))
        )

    def translate(self, graph: MeshGraph, proxy: ProxyIdentity) -> Translation:
        self.threads.add(threading.get_ident())
        node = graph.node(proxy.key.mesh, proxy.key.name)
        assert node is not None
        [backend] = node.backends or ()
        assert backend.virtual_service is not None
        number = int(backend.virtual_service.virtual_service_name[1:].partition(".")[0])
        return self.made[number - 1][proxy.key.name]

    def version(self, translation: Translation) -> str:
        return build_snapshot(Pool(), translation)[CLUSTER].version

    # ---- what the log knows ----------------------------------------------------------------------

    def accepted(self, node: str) -> Seq | None:
        return None

    def refusals(self) -> Mapping[str, KnownRefusal]:
        return {}

    def before(self, now: Seq, most: int) -> Sequence[Seq]:
        self.searches += now == len(self.specs)
        return [Seq(each) for each in range(now - 1, max(0, now - 1 - most), -1)]

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        time.sleep(self.pause_s)
        old, new = self.specs[before - 1], self.specs[now - 1]
        return {k: old.get(k) for k in {*old, *new} if old.get(k) is not new.get(k)}

    def settings(self, at: Seq) -> JsonObject:
        return {}


@pytest.fixture
def town() -> Town:
    return Town()


async def look(found: Recognition, *wanted: tuple[ProxyIdentity, str]) -> None:
    waiting = [found.find(*each) for each in wanted]
    await asyncio.gather(*(each for each in waiting if each is not None))


def test_clusters_are_found_however_far_back_and_not_on_the_event_loop(town: Town) -> None:
    async def scenario() -> None:
        first = mesh("old=1")
        town.commit(cart=first, other=mesh("x=1"))
        for number in range(100):
            town.commit(cart=mesh(f"v{number}=1"))
        town.threads.clear()
        await look(Recognition(town.cache, town), (CART, town.version(first)))
        known = town.cache.pool.recall(CLUSTER, town.version(first))
        assert known is not None
        assert [*known.by_name] == ["old"]
        assert threading.get_ident() not in town.threads

    asyncio.run(scenario())


def test_old_and_new_together_are_found_as_on_the_way_from_one_to_the_other(town: Town) -> None:
    async def scenario() -> None:
        for number in range(50):
            town.commit(cart=mesh(f"v{number}=1"))
        pool = Pool()
        newer = build_snapshot(pool, mesh("v9=1"))[CLUSTER]
        both = newer.plus(build_snapshot(pool, mesh("v8=1"))[CLUSTER].all)
        await look(Recognition(town.cache, town), (CART, both.version))
        known = town.cache.pool.recall(CLUSTER, both.version)
        assert known is not None
        assert [*known.by_name] == ["v8", "v9"]

    asyncio.run(scenario())


def test_the_log_is_asked_once_for_what_it_does_not_know_until_the_mesh_is_another(
    town: Town,
) -> None:
    async def scenario() -> None:
        town.commit(cart=mesh("a=1"))
        found = Recognition(town.cache, town)
        for _ in range(3):
            await look(found, (CART, "what nobody knows"), (CART, "what nobody knows"))
        assert town.searches == 1
        town.commit(cart=mesh("b=1"))
        await look(found, (CART, "what nobody knows"))
        assert town.searches == 2

    asyncio.run(scenario())


def test_what_is_known_is_not_looked_for(town: Town) -> None:
    async def scenario() -> None:
        town.commit(cart=mesh("a=1"))
        town.cache.join(CART)
        snapshot = town.cache.resolve(CART)
        assert snapshot is not None
        assert Recognition(town.cache, town).find(CART, snapshot[CLUSTER].version) is None

    asyncio.run(scenario())


def test_a_crowd_that_nobody_recognises_keeps_nobody_from_being_recognised(town: Town) -> None:
    async def scenario() -> None:
        nodes = [f"n{number}" for number in range(100)]
        town.commit(**dict.fromkeys(nodes, mesh("a=1")), cart=mesh("old=1"))
        town.commit(cart=mesh("new=1"))
        strangers = [(ProxyIdentity(key(n)), "as another release wrote it") for n in nodes]
        honest = (CART, town.version(mesh("old=1")))
        await look(Recognition(town.cache, town), *strangers, honest)
        assert town.cache.pool.recall(CLUSTER, honest[1]) is not None

    asyncio.run(scenario())


def test_nobody_waits_for_longer_than_a_moment(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "PATIENCE_S", 0.3)

    async def scenario() -> None:
        for number in range(600):
            town.commit(cart=mesh(f"v{number % 7}=1"))
        town.pause_s = 0.04  # the whole way takes twenty-four seconds at least
        found = Recognition(town.cache, town)
        began = time.monotonic()
        # Who made something up does not keep from it who comes after, and is near.
        near = town.version(mesh(f"v{(600 - 3) % 7}=1"))
        await look(found, (CART, "made up"))
        assert time.monotonic() - began < 20
        await look(found, (CART, near))
        assert town.cache.pool.recall(CLUSTER, near) is not None

    asyncio.run(scenario())


def test_the_first_request_of_a_client_that_comes_back_waits_for_what_it_has(town: Town) -> None:
    async def scenario() -> None:
        first = mesh("old=1")
        town.commit(cart=first)
        town.commit(cart=mesh("new=1"))

        async def write(data: bytes) -> None:
            pass

        hub = Hub(town.cache, DeliveryTracker(Recorder(lambda batch: None)), town)
        stream = Stream(Session(), "test", write, hub)
        version = town.version(first)
        waits = stream.receive(
            encode(DiscoveryRequest(type_url=CLUSTER, node=NODE, version_info=version))
        )
        assert waits is not None
        await waits
        known = town.cache.pool.recall(CLUSTER, version)
        assert known is not None
        assert [*known.by_name] == ["old"]

    asyncio.run(scenario())
