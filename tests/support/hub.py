"""A hub without a transport, whose streams write into lists."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from envoy_data_plane.google.rpc import Status

from events.publication import Publication
from events.types import DeliveryEvent
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from tests.support.ads_server import NODE_SPEC, TestMesh, key
from tests.support.shop_xds import Translation
from xds.delivery.delivery_tracker import DeliveryTracker
from xds.delivery.recorder import Recorder
from xds.delivery.stream_facts import Reports
from xds.nodes import ProxyIdentity
from xds.protocol.session import Session
from xds.refusals.refusal_history import Past
from xds.server.hub import Hub
from xds.server.services import Method
from xds.server.stream import Stream
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.resources import Held
from xds.type_urls import CLUSTER
from xds.wire.encode import encode


class Events(Recorder):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(lambda batch: None)
        self.told: list[DeliveryEvent] = []

    def record(self, events: Iterable[DeliveryEvent]) -> None:
        self.told += events


class Town:
    """A hub, its mesh, and streams that write into lists."""

    def __init__(
        self,
        cache: type[SnapshotCache] = SnapshotCache,
        reports: Reports | None = None,
        past: Past | None = None,
    ) -> None:
        self.mesh = TestMesh()
        self.events = Events()
        self.meanwhile: dict[str, Callable[[], None]] = {}
        """What happens while a node is translated."""
        self.cache = cache(self._translate, max_idle=0)
        self.hub = Hub(self.cache, reports or DeliveryTracker(self.events), past)

    def _translate(self, graph: MeshGraph, proxy: ProxyIdentity) -> Translation:
        self.meanwhile.pop(proxy.key.name, lambda: None)()
        return self.mesh.translate(graph, proxy)

    def proxy(
        self, name: str, cls: type[Stream] = Stream, *, delta: bool = False
    ) -> tuple[Stream, list[bytes]]:
        """Let a proxy of a node ask for its clusters; return its stream and what it is sent."""
        sent: list[bytes] = []

        async def write(data: bytes) -> None:
            sent.append(data)

        stream = cls(Session(), "test", write, self.hub, Method(delta=delta))
        kind = DeltaDiscoveryRequest if delta else DiscoveryRequest
        stream.receive(encode(kind(type_url=CLUSTER, node=Node(id=str(key(name))))))
        return stream, sent

    async def publish(self, **nodes: Translation | None) -> None:
        """Publish a commit, and let everybody write."""
        await self.hub.publisher.publish(self.mesh.commit(**nodes))
        await settled()


_CHAIN: JsonObject = {"certificateChain": "/c.pem", "privateKey": "/k.pem"}
PERMISSIVE: JsonObject = {"tls": {"mode": "PERMISSIVE", "certificate": {"file": _CHAIN}}}


def listening(publication: Publication, tls: JsonObject) -> Publication:
    """Return a commit that also gives the node ``cart`` a listener."""
    mapping: JsonObject = {"portMapping": {"port": 8080, "protocol": "http"}, **tls}
    spec: JsonObject = {**NODE_SPEC, "listeners": [mapping]}
    resources = {**publication.state.resources, key("cart"): spec}
    return replace(publication, state=replace(publication.state, resources=resources))


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def body() -> None:
        await scenario()

    asyncio.run(body())


def names_of(data: bytes) -> list[str]:
    resources = DiscoveryResponse.parse(data).resources
    return [Cluster.parse(packed.value).name for packed in resources]


def answer(stream: Stream, sent: list[bytes], error: str = "", *, delta: bool = False) -> None:
    """Take the last response, or refuse it."""
    kind, response = (
        (DeltaDiscoveryRequest, DeltaDiscoveryResponse.parse(sent[-1]))
        if delta
        else (DiscoveryRequest, DiscoveryResponse.parse(sent[-1]))
    )
    detail = Status(code=3, message=error) if error else None
    stream.receive(
        encode(
            kind(
                type_url=response.type_url,
                response_nonce=response.nonce,
                error_detail=detail,
            )
        )
    )


def served(stream: Stream) -> Held:
    """Return the clusters that a stream is to have."""
    assert stream.snapshot is not None
    return stream.snapshot[CLUSTER].by_name
