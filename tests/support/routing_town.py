"""Test bed for routing: applications, and an Envoy that is a node's proxy and a gateway's.

Envoy runs the translation of a mesh, without a control plane.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.apps import Answer, App, ask, serving
from tests.support.envoy import running, static_bootstrap, wait_until_ready
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import (
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    resource,
)
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import translate

_ADMIN = free_port()
PORT = free_port()
FRONT, INSIDE, DB, GRPC = (free_port() for _ in range(4))
TO_V1: list[JsonObject] = [{"virtualNode": "v1", "weight": 1}]
TO_V2: list[JsonObject] = [{"virtualNode": "v2", "weight": 1}]


@dataclass(frozen=True)
class Town:
    """Addresses of the proxies and applications."""

    web: Explicit
    front: Explicit
    admin: str
    apps: dict[str, App]

    def call(self, path: str = "/", *, service: str = "cart", **headers: str) -> Answer:
        """Call a backend as the application of ``web`` does."""
        return ask(self.web.egress, PORT, path, **{"host": f"{service}.local", **headers})

    def enter(self, path: str = "/", *, port: int = FRONT, **headers: str) -> Answer:
        """Call the gateway from outside."""
        return ask(self.front.ingress, port, path, **{"host": "shop.example.com", **headers})


def http_route(router: str, name: str, targets: list[JsonObject], **spec: object) -> Resource:
    """Return an HTTP route with any of its fields: ``match``, ``timeout``, ``priority``."""
    priority = {"priority": spec.pop("priority")} if "priority" in spec else {}
    body = {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}, **spec}
    key = ResourceKey.of(Kind.ROUTE, "shop", name, router)
    return resource(key, {**priority, "httpRoute": body})  # type: ignore[dict-item]


def gateway_route(name: str, service: str, match: JsonObject, **more: JsonObject | int) -> Resource:
    """Return a gateway route; ``rewrite`` and the target's ``port`` are optional."""
    target: JsonObject = {"virtualService": {"virtualServiceName": service}}
    if "port" in more:
        target["port"] = more.pop("port")
    spec: JsonObject = {"httpRoute": {"match": match, "action": {"target": target, **more}}}
    return resource(ResourceKey.of(Kind.GATEWAY_ROUTE, "shop", name, "front"), spec)


def a_service_with_router(name: str) -> tuple[Resource, Resource]:
    return a_service(f"{name}.local", router=name), a_router(name, PORT)


def with_header(name: str, match: JsonObject) -> JsonObject:
    return {"prefix": "/", "headers": [{"name": name, "match": match}]}


def shop(apps: dict[str, App]) -> list[Resource]:
    """Return a mesh with every feature that these tests use."""
    backends = ["cart", "direct", "hosts", "paths", "shares"]
    return [
        a_mesh(),
        a_node(
            "web",
            PORT,
            backends=[*(f"{name}.local" for name in backends), "db.local", "grpc.local"],
            hostname="unused",
        ),
        *(a_node(name, PORT, hostname=apps[name].address) for name in ("v1", "v2")),
        a_node("db", (DB, "tcp"), hostname=apps["db"].address),
        a_node("grpc", (GRPC, "grpc"), hostname=apps["grpc"].address),
        a_service("direct.local", node="v1"),
        a_service("db.local", node="db"),
        a_service("grpc.local", router="grpc"),
        a_router("grpc", (GRPC, "grpc")),
        a_route("grpc", "hello", {"grpc": 1}, protocol="grpc", match={"serviceName": "test.Hello"}),
        *(r for name in backends if name != "direct" for r in a_service_with_router(name)),
        a_route("cart", "all", {"v1": 1}),
        a_route("hosts", "all", {"v2": 1}),
        *_path_routes(),
        http_route(
            "shares",
            "all",
            [
                {"virtualNode": "v1", "weight": 60},
                {"virtualNode": "v2", "weight": 20},
                {"virtualNode": "db", "weight": 0, "port": DB},
            ],
        ),
        *_gateway(),
    ]


def _path_routes() -> list[Resource]:
    return [
        http_route("paths", "exact", TO_V2, match={"path": {"exact": "/exact"}}),
        http_route("paths", "regex", TO_V2, match={"path": {"regex": "/r/[0-9]+"}}),
        http_route("paths", "long", TO_V2, match={"prefix": "/long/prefix"}),
        http_route("paths", "rest", TO_V1, match={"prefix": "/"}),
    ]


def _gateway() -> list[Resource]:
    kept: JsonObject = {"hostname": {"defaultTargetHostname": "DISABLED"}}
    return [
        a_gateway("front", FRONT),
        a_gateway("inside", INSIDE),
        a_gateway_route("front", "web", "cart.local", match={"prefix": "/cart"}),
        gateway_route(
            "value", "cart.local", {"prefix": "/old"}, rewrite={"prefix": {"value": "/new/"}}
        ),
        gateway_route(
            "as-is",
            "cart.local",
            {"prefix": "/as-is"},
            rewrite={"prefix": {"defaultPrefix": "DISABLED"}},
        ),
        gateway_route(
            "exact", "cart.local", {"path": {"exact": "/one"}}, rewrite={"path": {"exact": "/two"}}
        ),
        gateway_route(
            "regex",
            "cart.local",
            {"path": {"regex": "/any/[a-z]+"}},
            rewrite={"path": {"exact": "/a\\1b"}},
        ),
        gateway_route("kept", "cart.local", {"prefix": "/kept"}, rewrite=kept),
        gateway_route("two", "hosts.local", {"prefix": "/two"}, rewrite=kept),
        gateway_route("host", "hosts.local", {"hostname": {"exact": "v2.example.com"}}),
        gateway_route("suffix", "hosts.local", {"hostname": {"suffix": ".v2.example.com"}}),
        gateway_route("public", "ports.local", {"prefix": "/public"}, port=80),
        gateway_route("admin", "ports.local", {"prefix": "/admin"}, port=81),
        gateway_route("secret", "hosts.local", with_header("x-secret", {"exact": "open"})),
        a_service("ports.local", router="ports"),
        a_router("ports", 80, 81),
        a_route("ports", "public", {"v1": 1}, match={"prefix": "/", "port": 80}),
        a_route("ports", "admin", {"v2": 1}, match={"prefix": "/", "port": 81}),
    ]


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """Run the applications and one Envoy that is both proxies, until the end of the block."""
    apps = {
        "web": App("web", loopback_address(), PORT),
        "v1": App("v1", loopback_address(), PORT),
        "v2": App("v2", loopback_address(), PORT),
        "db": App("db", loopback_address(), DB, "tcp"),
        "grpc": App("grpc", loopback_address(), GRPC, "grpc"),
    }
    town = Town(
        web=Explicit(loopback_address(), loopback_address(), apps["web"].address),
        front=Explicit(loopback_address(), loopback_address()),
        admin=loopback_address(),
        apps=apps,
    )
    graph = link(shop(apps))
    web = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
    front = ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front")
    config = static_bootstrap(
        [
            translate(graph, ProxyIdentity(web, town.web)),
            translate(graph, ProxyIdentity(front, town.front)),
        ],
        admin=(town.admin, _ADMIN),
    )
    plain = [app for app in apps.values() if app.protocol != "grpc"]
    with serving(*plain), running(config, folder):
        wait_until_ready(town.admin, _ADMIN, folder)
        yield town
