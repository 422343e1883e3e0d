"""Connection pools: limits of an application and of a gateway, and the answers beyond them."""

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.apps import Answer, App, ask, say, serving
from tests.support.grpc_app import HOLD, GrpcApp, call
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import (
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    resource,
)
from tests.support.moody_app import MoodyApp
from tests.support.one_envoy import OneEnvoy, gateway, node, one_envoy, until
from xds.nodes import Explicit

pytestmark = pytest.mark.envoy

HTTP, HTTP2, GRPC, TCP = (free_port() for _ in range(4))
PORTS = {"http": HTTP, "http2": HTTP2, "grpc": GRPC, "tcp": TCP}
POOLS: dict[str, JsonObject] = {
    "http": {"maxConnections": 1, "maxPendingRequests": 1},
    "http2": {"maxRequests": 1},
    "grpc": {"maxRequests": 1},
    "tcp": {"maxConnections": 1},
}
GATEWAY_MATCHES: dict[str, JsonObject] = {
    "http": {"prefix": "/"},
    "http2": {"prefix": "/"},
    "grpc": {"serviceName": "test.Hello"},
}


@dataclass(frozen=True)
class Entrance:
    """Where requests enter a proxy, and the cluster whose pool they share."""

    address: str
    cluster: str


@dataclass(frozen=True)
class Town:
    """The applications behind the node ``app``, its proxy, its caller's, and a gateway."""

    envoy: OneEnvoy
    http: MoodyApp
    http2: GrpcApp
    grpc: GrpcApp
    app: Explicit
    web: Explicit
    front: Explicit

    def entrance(self, kind: str, protocol: str) -> Entrance:
        """Return the listener of a protocol, of the node or of the gateway."""
        port = PORTS[protocol]
        if kind == "node":
            return Entrance(self.app.ingress, f"cds_ingress_shop_app_{protocol}_{port}")
        redirect = f"cds_ingress_shop_front_self_redirect_{port}_{protocol}_15001"
        return Entrance(self.front.ingress, redirect)

    def count(self, cluster: str, what: str) -> int:
        name = f"cluster.{cluster}.{what}"
        return self.envoy.stats(name)[name]

    @contextmanager
    def held(self, app: MoodyApp | GrpcApp) -> Iterator[ThreadPoolExecutor]:
        """Let an application hold what is asked of it, and answer it at the end of the block."""
        app.gate.clear()
        app.asked.clear()
        with ThreadPoolExecutor(4) as threads:
            try:
                yield threads
            finally:
                app.gate.set()


def mesh(application: str) -> list[Resource]:
    def listeners(*protocols: str) -> list[Json]:
        return [
            {
                "portMapping": {"port": PORTS[protocol], "protocol": protocol},
                "connectionPool": {protocol: POOLS[protocol]},
            }
            for protocol in protocols
        ]

    return [
        a_mesh(),
        resource(
            ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "app"),
            {
                "listeners": listeners(*PORTS),
                "serviceDiscovery": {"dns": {"hostname": application}},
            },
        ),
        a_node("web", backends=[f"{protocol}.local" for protocol in PORTS]),
        resource(
            ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"),
            {"listeners": listeners("http", "http2", "grpc")},
        ),
        *(part for protocol in PORTS for part in _service(protocol)),
        *(
            a_gateway_route(
                "front",
                protocol,
                f"{protocol}.local",
                protocol=protocol,
                match={**match, "port": PORTS[protocol]},
            )
            for protocol, match in GATEWAY_MATCHES.items()
        ),
    ]


def _service(protocol: str) -> list[Resource]:
    target: JsonObject = {"virtualNode": "app", "weight": 1, "port": PORTS[protocol]}
    return [
        a_service(f"{protocol}.local", router=protocol),
        a_router(protocol, (PORTS[protocol], protocol)),
        a_route(protocol, "all", [target], protocol=protocol),
    ]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    application = loopback_address()
    app = Explicit(loopback_address(), loopback_address(), application)
    web = Explicit(loopback_address(), loopback_address(), loopback_address())
    front = Explicit(loopback_address(), loopback_address())
    http_app = MoodyApp("http", application, HTTP)
    with ExitStack() as stack:
        http2 = stack.enter_context(GrpcApp("http2", application, HTTP2))
        grpc_app = stack.enter_context(GrpcApp("grpc", application, GRPC))
        stack.enter_context(serving(http_app, App("tcp", application, TCP, "tcp")))
        proxies = [node("app", app), node("web", web), gateway("front", front)]
        folder: Path = tmp_path_factory.mktemp("pools")
        graph = link(mesh(application))
        envoy = stack.enter_context(one_envoy(folder, graph, proxies))
        yield Town(envoy, http_app, http2, grpc_app, app, web, front)


@pytest.mark.parametrize("kind", ["node", "gateway"])
def test_http_has_so_many_connections_and_so_many_requests_wait_for_one(
    town: Town, kind: str
) -> None:
    to = town.entrance(kind, "http")

    def held() -> Answer:
        return ask(to.address, HTTP, "/held", host="http.local")

    with town.held(town.http) as threads:
        served = threads.submit(held)
        until(lambda: town.http.asked["/held"] == 1)
        waits = threads.submit(held)
        until(lambda: town.count(to.cluster, "upstream_rq_pending_active") == 1)
        assert held() == Answer(503, {})
        assert town.http.asked["/held"] == 1
    assert [served.result().app, waits.result().app] == ["http", "http"]
    assert town.count(to.cluster, "upstream_rq_pending_overflow") == 1


@pytest.mark.parametrize("kind", ["node", "gateway"])
@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_http2_and_grpc_have_so_many_requests_at_once(town: Town, kind: str, protocol: str) -> None:
    to = town.entrance(kind, protocol)
    app = {"http2": town.http2, "grpc": town.grpc}[protocol]

    def held() -> tuple[grpc.StatusCode, str]:
        return call(to.address, PORTS[protocol], f"{protocol}.local", HOLD)

    with town.held(app) as threads:
        served = threads.submit(held)
        until(lambda: app.asked[HOLD] == 1)
        assert held() == (grpc.StatusCode.UNAVAILABLE, "")
        assert app.asked[HOLD] == 1
    assert served.result() == (grpc.StatusCode.OK, protocol)
    assert held() == (grpc.StatusCode.OK, protocol)


def test_tcp_has_so_many_connections(town: Town) -> None:
    with socket.create_connection((town.app.ingress, TCP), timeout=10) as first:
        first.sendall(b"one\n")
        assert first.recv(100) == b"tcp: one\n"
        assert say(town.app.ingress, TCP, "two") == ""
        first.sendall(b"three\n")
        assert first.recv(100) == b"tcp: three\n"
    active = "upstream_cx_active"
    until(lambda: town.count(f"cds_ingress_shop_app_tcp_{TCP}", active) == 0)
    assert say(town.app.ingress, TCP, "four") == "tcp: four"


def test_a_pool_is_its_own_nodes_and_no_limit_to_its_callers(town: Town) -> None:
    with town.held(town.http) as threads:
        asked: list[Future[Answer]] = [
            threads.submit(ask, town.web.egress, HTTP, "/held", host="http.local") for _ in range(4)
        ]
        until(lambda: town.http.asked["/held"] == 4)
    assert {each.result().app for each in asked} == {"http"}


@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_a_gateway_speaks_the_protocol_of_its_listener_on_its_whole_way(
    town: Town, protocol: str
) -> None:
    to = town.entrance("gateway", protocol)
    town.http2.gate.set()
    found = call(to.address, PORTS[protocol], f"{protocol}.local")
    assert found == (grpc.StatusCode.OK, protocol)
    assert town.count(to.cluster, "upstream_cx_http2_total") >= 1


def test_an_http_listener_of_a_gateway_is_no_http2_inside_and_takes_web_sockets(town: Town) -> None:
    to = town.entrance("gateway", "http")
    upgrade = {"connection": "upgrade", "upgrade": "websocket"}
    assert ask(to.address, HTTP, "/chat", host="x", **upgrade).status == 200
    assert town.http.headers["/chat"]["upgrade"] == "websocket"
    assert town.count(to.cluster, "upstream_cx_http1_total") >= 1
    connection = http.client.HTTPConnection(to.address, HTTP2, timeout=10)
    connection.request("GET", "/", headers={"host": "x", **upgrade})
    assert connection.getresponse().status == 403
    connection.close()
