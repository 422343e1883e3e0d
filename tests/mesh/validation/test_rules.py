"""Rules between resources: code, position, message and hint of each problem."""

from dataclasses import dataclass, replace

import pytest

from mesh.canonical import JsonObject
from mesh.graph.missing_mesh import MOST
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.problems.problem import Severity
from mesh.resource import Resource, Source
from tests.support.meshes import (
    MESH,
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    big_mesh,
    shop_mesh,
    shop_with,
)

TWO_PORTS = (8080, 8082)
GONE = {
    name: ResourceKey.of(kind, MESH, name)
    for kind, name in (
        (Kind.VIRTUAL_NODE, "cart-v2"),
        (Kind.VIRTUAL_ROUTER, "cart"),
        (Kind.VIRTUAL_GATEWAY, "front"),
        (Kind.VIRTUAL_SERVICE, "web.shop.local"),
    )
}


@dataclass(frozen=True)
class Case:
    """A mesh with one thing wrong, and the one problem that says so."""

    name: str
    mesh: tuple[Resource, ...]
    code: str
    path: str
    where: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR


TARGET = "$.spec.httpRoute.action.weightedTargets"
ALL = "route/cart/all.yaml"
WEB = "gatewayRoute/front/web.yaml"

DANGLING = [
    Case(
        "a virtual service whose router does not exist",
        shop_with(a_service("cart.shop.local", router="carts")),
        "dangling-reference",
        "virtualService/cart.shop.local.yaml",
        "$.spec.provider.virtualRouter.virtualRouterName",
        'there is no virtual router "carts" in mesh "shop"',
        'did you mean "cart"?',
    ),
    Case(
        "a virtual service whose node is the name of a router",
        shop_with(a_service("cart.shop.local", node="cart")),
        "dangling-reference",
        "virtualService/cart.shop.local.yaml",
        "$.spec.provider.virtualNode.virtualNodeName",
        'there is no virtual node "cart" in mesh "shop"',
        '"cart" is the name of a virtual router',
    ),
    Case(
        "a target that lives in another mesh",
        shop_with(
            a_mesh("lab"), a_node("rat", 8080, mesh="lab"), a_route("cart", "all", {"rat": 1})
        ),
        "dangling-reference",
        ALL,
        f"{TARGET}[0].virtualNode",
        'there is no virtual node "rat" in mesh "shop"',
        'mesh "lab" has a virtual node "rat"',
    ),
    Case(
        "a target that was removed",
        shop_with(without=[GONE["cart-v2"]]),
        "dangling-reference",
        ALL,
        f"{TARGET}[1].virtualNode",
        'there is no virtual node "cart-v2" in mesh "shop"',
        'did you mean "cart-v1"?',
    ),
    Case(
        "a target like nothing there is",
        shop_with(a_route("cart", "all", {"zzzzzz": 1})),
        "dangling-reference",
        ALL,
        f"{TARGET}[0].virtualNode",
        'there is no virtual node "zzzzzz" in mesh "shop"',
        "add the virtual node, or name one that exists",
    ),
    Case(
        "a route whose router does not exist",
        shop_with(a_route("card", "more", {"cart-v1": 1})),
        "dangling-reference",
        "route/card/more.yaml",
        "$.virtualRouterName",
        'there is no virtual router "card" in mesh "shop"',
        'did you mean "cart"?',
    ),
    Case(
        "a gateway route whose gateway does not exist",
        shop_with(without=[GONE["front"]]),
        "dangling-reference",
        WEB,
        "$.virtualGatewayName",
        'there is no virtual gateway "front" in mesh "shop"',
        "add the virtual gateway, or name one that exists",
    ),
    Case(
        "a gateway route whose service does not exist",
        shop_with(a_gateway_route("front", "web", "webb.shop.local")),
        "dangling-reference",
        WEB,
        "$.spec.httpRoute.action.target.virtualService.virtualServiceName",
        'there is no virtual service "webb.shop.local" in mesh "shop"',
        'did you mean "web.shop.local"?',
    ),
    Case(
        "a backend that does not exist",
        shop_with(a_node("catalog", 8081, backends=("web.shop.locale",))),
        "inactive-backend",
        "virtualNode/catalog.yaml",
        "$.spec.backends[0].virtualService.virtualServiceName",
        'there is no virtual service "web.shop.locale" in mesh "shop"; the backend has no effect '
        "until it exists",
        'did you mean "web.shop.local"?',
        Severity.WARNING,
    ),
    Case(
        "a gateway route to a service without provider",
        shop_with(a_service("web.shop.local")),
        "no-provider",
        WEB,
        "$.spec.httpRoute.action.target.virtualService.virtualServiceName",
        'virtual service "web.shop.local" has no provider: requests are answered with 404',
        "give the virtual service a virtual node or a virtual router as provider",
        Severity.WARNING,
    ),
    Case(
        "a mesh that is not declared",
        (*shop_mesh(), a_node("stray", 80, mesh="shp")),
        "missing-mesh",
        "virtualNode/stray.yaml",
        "$.meshName",
        'mesh/shp/virtualNode/stray names mesh "shp", which is not declared',
        'did you mean "shop"?',
    ),
]

PORTS = [
    Case(
        "a router without listeners",
        shop_with(a_router("spare")),
        "no-listener",
        "virtualRouter/spare.yaml",
        "$.spec.listeners",
        "the virtual router has no listener, so it cannot be called",
        "add listeners: [{portMapping: {port: 8080, protocol: http}}], with the port that "
        "callers use",
    ),
    Case(
        "a target without listeners",
        shop_with(a_node("cart-v2")),
        "no-listener",
        ALL,
        f"{TARGET}[1].virtualNode",
        'virtual node "cart-v2" has no listener, so it cannot receive traffic',
        "give the node a listener, or remove it from the targets",
    ),
    Case(
        "a node without listeners that provides a service",
        shop_with(a_node("catalog")),
        "no-listener",
        "virtualService/catalog.shop.local.yaml",
        "$.spec.provider.virtualNode.virtualNodeName",
        'virtual node "catalog" has no listener, so the service cannot be called',
        "give the node a listener, or name another provider",
    ),
    Case(
        "a target with two listeners and no port to choose",
        shop_with(a_node("cart-v2", *TWO_PORTS)),
        "ambiguous-port",
        ALL,
        f"{TARGET}[1].port",
        'virtual node "cart-v2" listens on 8080 (http), 8082 (http), but no port selects one of '
        "them",
        "add port: 8080, or another of them",
    ),
    Case(
        "a target on a port where nothing listens",
        shop_with(a_route("cart", "all", [{"virtualNode": "cart-v1", "weight": 1, "port": 80}])),
        "unknown-port",
        ALL,
        f"{TARGET}[0].port",
        'virtual node "cart-v1" has no listener on port 80',
        "it listens on 8080 (http)",
    ),
    Case(
        "a router with two listeners and a route without port",
        shop_with(a_router("cart", *TWO_PORTS)),
        "ambiguous-port",
        ALL,
        "$.spec.httpRoute.match.port",
        'virtual router "cart" listens on 8080 (http), 8082 (http), but no port selects one of '
        "them",
        "add port: 8080, or another of them",
    ),
    Case(
        "a route on a port where its router does not listen",
        shop_with(a_route("cart", "all", {"cart-v1": 1}, match={"prefix": "/", "port": 80})),
        "unknown-port",
        ALL,
        "$.spec.httpRoute.match.port",
        'virtual router "cart" has no listener on port 80',
        "it listens on 8080 (http)",
    ),
    Case(
        "a gateway with two listeners and a gateway route without port",
        shop_with(a_gateway("front", 8088, 8089)),
        "ambiguous-port",
        WEB,
        "$.spec.httpRoute.match.port",
        'virtual gateway "front" listens on 8088 (http), 8089 (http), but no port selects one of '
        "them",
        "add port: 8088, or another of them",
    ),
    Case(
        "a gateway route on a port where its gateway does not listen",
        shop_with(
            a_gateway_route("front", "web", "web.shop.local", match={"prefix": "/", "port": 1})
        ),
        "unknown-port",
        WEB,
        "$.spec.httpRoute.match.port",
        'virtual gateway "front" has no listener on port 1',
        "it listens on 8088 (http)",
    ),
    Case(
        "a gateway route to a service with two ports and no port to choose",
        shop_with(a_node("web", *TWO_PORTS)),
        "ambiguous-port",
        WEB,
        "$.spec.httpRoute.action.target.port",
        'virtual node "web" listens on 8080 (http), 8082 (http), but no port selects one of them',
        "add port: 8080, or another of them",
    ),
    Case(
        "a gateway route to a port where the service does not listen",
        shop_with(a_gateway_route("front", "web", "web.shop.local", port=80)),
        "unknown-port",
        WEB,
        "$.spec.httpRoute.action.target.port",
        'virtual node "web" has no listener on port 80',
        "it listens on 8080 (http)",
    ),
]

TWO_PROTOCOLS = ((63001, "grpc"), (64001, "http"))
_LISTENS = "listens on 63001 (grpc), 64001 (http), but no port selects one of them"
_ADD = "add port: 64001, which fits a route for http"
_ONE_TARGET: list[JsonObject] = [{"virtualNode": "cart-v1", "weight": 1}]

FITTING = [
    Case(
        "the hint for a target names the port that fits the route",
        shop_with(a_node("cart-v2", *TWO_PROTOCOLS)),
        "ambiguous-port",
        ALL,
        f"{TARGET}[1].port",
        f'virtual node "cart-v2" {_LISTENS}',
        _ADD,
    ),
    Case(
        "the hint for a route names the port that fits it",
        shop_with(a_router("cart", *TWO_PROTOCOLS)),
        "ambiguous-port",
        ALL,
        "$.spec.httpRoute.match.port",
        f'virtual router "cart" {_LISTENS}',
        _ADD,
    ),
    Case(
        "the hint for a gateway route names the port that fits it",
        shop_with(a_gateway("front", *TWO_PROTOCOLS)),
        "ambiguous-port",
        WEB,
        "$.spec.httpRoute.match.port",
        f'virtual gateway "front" {_LISTENS}',
        _ADD,
    ),
    Case(
        "the hint for the target of a gateway route names the port that fits it",
        shop_with(a_node("web", (63000, "tcp"), *TWO_PROTOCOLS, (64002, "http"))),
        "ambiguous-port",
        WEB,
        "$.spec.httpRoute.action.target.port",
        'virtual node "web" listens on 63000 (tcp), 63001 (grpc), 64001 (http), 64002 (http), '
        "but no port selects one of them",
        "add port: 64001 or 64002, which fit a route for http",
    ),
    Case(
        "where no port is for the protocol of a route, one that can serve it is named",
        shop_with(a_node("cart-v2", (5432, "tcp"), (8082, "http2"))),
        "ambiguous-port",
        ALL,
        f"{TARGET}[1].port",
        'virtual node "cart-v2" listens on 5432 (tcp), 8082 (http2), but no port selects one of '
        "them",
        "add port: 8082, which fits a route for http",
    ),
    Case(
        "where no port can serve a route, none is named",
        shop_with(a_node("cart-v2", (5432, "tcp"), (5433, "tcp"))),
        "ambiguous-port",
        ALL,
        f"{TARGET}[1].port",
        'virtual node "cart-v2" listens on 5432 (tcp), 5433 (tcp), but no port selects one of them',
        'none of them fits a route for http: give virtual node "cart-v2" a listener for it',
    ),
    Case(
        "a port where nothing listens, beside one that fits",
        shop_with(
            a_node("cart-v1", *TWO_PROTOCOLS),
            a_route("cart", "all", [{**_ONE_TARGET[0], "port": 80}]),
        ),
        "unknown-port",
        ALL,
        f"{TARGET}[0].port",
        'virtual node "cart-v1" has no listener on port 80',
        "it listens on 63001 (grpc), 64001 (http); set 64001, which fits a route for http",
    ),
    Case(
        "a gateway route to a port of TCP, beside one that fits",
        shop_with(
            a_node("web", *TWO_PROTOCOLS, (5432, "tcp")),
            a_gateway_route("front", "web", "web.shop.local", port=5432),
        ),
        "protocol-mismatch",
        WEB,
        "$.spec.httpRoute.action.target.virtualService.virtualServiceName",
        'virtual service "web.shop.local" uses tcp on port 5432, which gateways do not support',
        "set port: 64001 in the target",
    ),
]

PROTOCOLS = [
    Case(
        "a target that speaks another protocol than the route",
        shop_with(a_node("cart-v2", (8080, "tcp"))),
        "protocol-mismatch",
        ALL,
        f"{TARGET}[1].virtualNode",
        'the route is for http, but the listener of virtual node "cart-v2" is for tcp',
        "write it as tcpRoute, or change the protocol of the listener on port 8080 of the virtual "
        "node to http",
    ),
    Case(
        "a router that speaks another protocol than the route",
        shop_with(a_router("cart", (8080, "http2"))),
        "route-protocol-differs",
        ALL,
        "$.spec.httpRoute",
        'the route is for http, but the listener of virtual router "cart" is for http2',
        "write it as http2Route, or change the protocol of the listener on port 8080 of the "
        "virtual router to http",
        Severity.WARNING,
    ),
    Case(
        "a target that speaks another kind of HTTP than the route",
        shop_with(a_node("cart-v2", (8080, "grpc"))),
        "route-protocol-differs",
        ALL,
        f"{TARGET}[1].virtualNode",
        'the route is for http, but the listener of virtual node "cart-v2" is for grpc',
        "write it as grpcRoute, or change the protocol of the listener on port 8080 of the virtual "
        "node to http",
        Severity.WARNING,
    ),
    Case(
        "a route on the port of another protocol, beside one of its own",
        shop_with(
            a_router("cart", (8080, "tcp"), (8082, "http")),
            a_route("cart", "all", {"cart-v1": 1}, match={"prefix": "/", "port": 8080}),
            a_node("web", 80, backends=("catalog.shop.local",)),
        ),
        "protocol-mismatch",
        ALL,
        "$.spec.httpRoute",
        'the route is for http, but the listener of virtual router "cart" is for tcp',
        "set port: 8082, which is for http",
    ),
    Case(
        "a gRPC route to a target of HTTP/1.1",
        shop_with(
            a_router("cart", (8080, "grpc")),
            a_node("cart-v1", (8080, "grpc")),
            a_route("cart", "all", {"cart-v1": 1, "cart-v2": 1}, protocol="grpc"),
            a_node("web", 80, backends=("cart.shop.local",)),
        ),
        "protocol-mismatch",
        ALL,
        "$.spec.grpcRoute.action.weightedTargets[1].virtualNode",
        'the route is for grpc, but the listener of virtual node "cart-v2" is for http, which is '
        "HTTP/1.1 and loses the trailers that end a gRPC call",
        "write it as httpRoute, or change the protocol of the listener on port 8080 of the virtual "
        "node to grpc",
    ),
    Case(
        "a gateway route to a service that speaks tcp",
        shop_with(a_gateway_route("front", "pay", "payments.shop.local", match={"prefix": "/pay"})),
        "protocol-mismatch",
        "gatewayRoute/front/pay.yaml",
        "$.spec.httpRoute.action.target.virtualService.virtualServiceName",
        'virtual service "payments.shop.local" uses tcp on port 9090, which gateways do not '
        "support",
        'give virtual router "payments" a listener for http, http2 or grpc',
    ),
    Case(
        "a gateway route of another protocol than the gateway's listener",
        shop_with(a_gateway("front", (8088, "grpc"))),
        "gateway-protocol-differs",
        WEB,
        "$.spec.httpRoute",
        'the gateway route is for http, but the listener of virtual gateway "front" is for grpc',
        "write it as grpcRoute, or change the protocol of the listener on port 8088 of the virtual "
        "gateway to http",
        Severity.WARNING,
    ),
    Case(
        "two backends on one port with different protocols",
        shop_with(a_node("catalog", (8080, "http2"))),
        "backend-protocol-clash",
        "virtualNode/web.yaml",
        "$.spec.backends[1].virtualService.virtualServiceName",
        'backends "cart.shop.local" and "catalog.shop.local" share port 8080, but one uses http '
        "and the other http2",
        "give one of the two virtual services another port",
    ),
    Case(
        "two tcp backends on one port",
        shop_with(a_node("catalog", (9090, "tcp"))),
        "tcp-backends-share-port",
        "virtualNode/web.yaml",
        "$.spec.backends[2].virtualService.virtualServiceName",
        'backends "catalog.shop.local" and "payments.shop.local" both use tcp on port 9090, and '
        "a TCP connection does not show which one is meant",
        "give one of the two virtual services another port",
    ),
    Case(
        "two backends whose names differ in case only",
        shop_with(
            a_service("Cart.shop.local", router="cart"),
            a_node("web", 8080, backends=("cart.shop.local", "Cart.shop.local")),
        ),
        "indistinct-backends",
        "virtualNode/web.yaml",
        "$.spec.backends[1].virtualService.virtualServiceName",
        'Envoy cannot distinguish backend "Cart.shop.local" from "cart.shop.local" on port 8080: '
        "both have the same host name, and host names ignore case",
        "rename one of the two virtual services, or give it another port",
    ),
    Case(
        "a backend named like another with its port",
        shop_with(
            a_service("cart.shop.local:8080", router="cart"),
            a_node("web", 8080, backends=("cart.shop.local", "cart.shop.local:8080")),
        ),
        "indistinct-backends",
        "virtualNode/web.yaml",
        "$.spec.backends[1].virtualService.virtualServiceName",
        'Envoy cannot distinguish backend "cart.shop.local:8080" from "cart.shop.local" on port '
        "8080: both have the same host name, and host names ignore case",
        "rename one of the two virtual services, or give it another port",
    ),
    Case(
        "two services behind one gateway whose names differ in case only",
        shop_with(
            a_service("Web.shop.local", node="web"),
            a_gateway_route("front", "x", "Web.shop.local", match={"prefix": "/x"}),
        ),
        "indistinct-backends",
        "gatewayRoute/front/x.yaml",
        "$.spec.httpRoute.action.target.virtualService.virtualServiceName",
        'Envoy cannot distinguish virtual service "Web.shop.local" from "web.shop.local": host '
        "names ignore case",
        "rename one of the two, or target only one of them from this gateway",
    ),
]

CASES = DANGLING + PORTS + FITTING + PROTOCOLS


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_one_problem_is_reported_with_place_reason_and_hint(case: Case) -> None:
    (problem,) = link(case.mesh).problems
    assert (problem.code, problem.severity) == (case.code, case.severity)
    assert (problem.path, problem.where) == (case.path, case.where)
    assert problem.message == case.message
    assert problem.hint == case.hint


def test_a_problem_has_the_line_of_the_part_at_fault() -> None:
    target = ("spec", "httpRoute", "action", "weightedTargets", 1, "virtualNode")
    route = a_route("cart", "all", {"cart-v1": 1, "cart-v3": 1})
    source = Source("routes/cart.yaml", {(): 1, ("spec",): 5, target: 14})
    (problem,) = link(shop_with(replace(route, source=source))).problems
    assert (problem.path, problem.line) == ("routes/cart.yaml", 14)


def test_a_part_that_is_not_written_has_the_line_of_what_is_around_it() -> None:
    router = a_router("cart", *TWO_PORTS)
    route = a_route("cart", "all", {"cart-v1": 1})
    match = ("spec", "httpRoute", "match")
    source = Source("routes/cart.yaml", {(): 1, ("spec",): 5, match: 7})
    (problem,) = link(shop_with(router, replace(route, source=source))).problems
    assert (problem.where, problem.line) == ("$.spec.httpRoute.match.port", 7)


def test_all_problems_are_reported_at_once_sorted_by_place() -> None:
    mesh = shop_with(
        a_route("cart", "all", {"x": 1, "y": 1}),
        a_service("catalog.shop.local", node="z"),
        a_gateway_route("front", "web", "nobody"),
    )
    problems = link(mesh).problems
    assert [(p.path, p.code) for p in problems] == [
        (WEB, "dangling-reference"),
        (ALL, "dangling-reference"),
        (ALL, "dangling-reference"),
        ("virtualService/catalog.shop.local.yaml", "dangling-reference"),
    ]
    assert list(problems) == sorted(problems)


# --- what is fine -----------------------------------------------------------------------------

FINE = {
    "a service without provider that nobody reaches through a gateway": shop_with(
        a_service("idle")
    ),
    "http backends that share a port": shop_with(a_node("catalog", 8080)),
    "a node that only calls": shop_with(a_node("batch", backends=("cart.shop.local",))),
    "a backend listed twice, which the document's own rules report": shop_with(
        a_node("batch", backends=("payments.shop.local", "payments.shop.local"))
    ),
    "a router that speaks several protocols, each on its port": shop_with(
        a_router("cart", 8080, (9091, "tcp")),
        a_node("cart-v1", 8080, (9091, "tcp")),
        a_route(
            "cart",
            "all",
            [{"virtualNode": "cart-v1", "weight": 1, "port": 8080}],
            match={"prefix": "/", "port": 8080},
        ),
        a_route(
            "cart",
            "raw",
            [{"virtualNode": "cart-v1", "weight": 1, "port": 9091}],
            protocol="tcp",
            match={"port": 9091},
        ),
    ),
    "backends with names that differ in case on different ports": shop_with(
        a_service("Cart.shop.local", node="catalog"),
        a_node("batch", backends=("cart.shop.local", "Cart.shop.local")),
    ),
    "the same names in another mesh": (
        *shop_mesh(),
        a_mesh("lab"),
        a_service("cart.shop.local", node="cart-v1", mesh="lab"),
        a_node("cart-v1", 1, mesh="lab"),
    ),
}


@pytest.mark.parametrize("name", FINE)
def test_nothing_is_reported_for(name: str) -> None:
    assert link(FINE[name]).problems == ()


# --- routes never reached ---------------------------------------------------------------------


def shadowed(*routes: Resource) -> list[tuple[str, str]]:
    """The routes reported as never reached, each with the words about it."""
    graph = link([a_mesh(), a_router("r", 80), a_node("n", 80), *routes])
    assert {problem.code for problem in graph.problems} <= {"shadowed-route"}
    return [(problem.path, problem.message) for problem in graph.problems]


def http(name: str, priority: int | None = None, **match: object) -> Resource:
    body = {"prefix": "/"} | match if "path" not in match else match
    return a_route("r", name, {"n": 1}, match=body, priority=priority)  # type: ignore[arg-type]


HEADER = {"name": "x-canary"}
SHADOWED = {
    "the same match": (http("a"), http("b")),
    "the same match with another priority": (http("a", 1), http("b", 2)),
    "a prefix in a prefix tried before it": (http("a", 1), http("b", 2, prefix="/b")),
    "an exact path in a prefix": (http("a", 1, prefix="/b"), http("b", path={"exact": "/b/c"})),
    "a regex after everything": (http("a", 1), http("b", path={"regex": "/x.*"})),
    "more conditions after fewer": (
        http("a", 1, headers=[HEADER]),
        http("b", 2, headers=[HEADER, {"name": "y"}], method="GET"),
    ),
    "the same headers in another order": (
        http("a", headers=[HEADER, {"name": "y"}]),
        http("b", headers=[{"name": "y"}, HEADER]),
    ),
}


@pytest.mark.parametrize("name", SHADOWED)
def test_a_route_is_never_reached_that_has(name: str) -> None:
    ((path, message),) = shadowed(*SHADOWED[name])
    assert path == "route/r/b.yaml"
    assert (
        message == 'never reached: route "a" is tried first and takes all requests that would match'
    )


REACHED = {
    "a longer prefix, which is tried first": (http("a"), http("b", prefix="/b")),
    "other headers": (http("a", 1, headers=[HEADER]), http("b", 2, headers=[{"name": "y"}])),
    "no condition where the first has one": (http("a", 1, method="GET"), http("b", 2)),
    "a path beside the first prefix": (http("a", 1, prefix="/a"), http("b", 2, prefix="/b")),
    "a prefix that takes in an exact path": (
        http("a", 1, path={"exact": "/b"}),
        http("b", 2, prefix="/b"),
    ),
    "a regex, unless everything is taken": (
        http("a", 1, prefix="/a"),
        http("b", 2, path={"regex": "/a.*"}),
    ),
}


@pytest.mark.parametrize("name", REACHED)
def test_a_route_may_be_reached_that_has(name: str) -> None:
    assert shadowed(*REACHED[name]) == []


def test_routes_on_different_ports_do_not_shadow_each_other() -> None:
    graph = link(
        [
            a_mesh(),
            a_router("r", 80, 90),
            a_node("n", 80),
            http("a", port=80),
            http("b", port=90),
        ]
    )
    assert graph.problems == ()


def test_grpc_and_tcp_routes_shadow_each_other_too() -> None:
    grpc = [
        a_route("g", "any", {"g": 1}, protocol="grpc", priority=1),
        a_route("g", "one", {"g": 1}, protocol="grpc", match={"serviceName": "s"}, priority=2),
    ]
    tcp = [a_route("t", name, {"t": 1}, protocol="tcp") for name in ("first", "second")]
    routers = [a_router("g", (80, "grpc")), a_router("t", (90, "tcp"))]
    nodes = [a_node("g", (80, "grpc")), a_node("t", (90, "tcp"))]
    graph = link([a_mesh(), *grpc, *tcp, *routers, *nodes])
    assert [p.path for p in graph.problems] == ["route/g/one.yaml", "route/t/second.yaml"]
    assert [p.where for p in graph.problems] == ["$.spec.grpcRoute.match", "$.spec.tcpRoute.match"]


def test_a_grpc_route_does_not_shadow_routes_that_take_other_requests() -> None:
    mesh = (
        a_mesh(),
        a_router("mixed", (80, "http2")),
        a_node("n", (80, "http2")),
        a_route("mixed", "calls", {"n": 1}, protocol="grpc", priority=1),
        a_route("mixed", "rest", {"n": 1}, protocol="http2"),
        a_route("mixed", "late", {"n": 1}, protocol="grpc"),
        a_gateway("front", (80, "http2")),
        a_service("s", router="mixed"),
        a_gateway_route("front", "calls", "s", protocol="grpc", match={}, priority=1),
        a_gateway_route("front", "rest", "s", protocol="http2"),
    )
    found = [(p.path, p.code) for p in link(mesh).problems if p.code == "shadowed-route"]
    assert found == [("route/mixed/late.yaml", "shadowed-route")]


def test_an_http_route_for_a_header_shadows_a_grpc_route_for_the_same_metadata() -> None:
    def rest_before_calls(asked: str) -> list[str]:
        rest: JsonObject = {"prefix": "/", "headers": [{"name": asked}]}
        calls: JsonObject = {"metadata": [{"name": "x-canary"}]}
        mesh = (
            a_mesh(),
            a_router("mixed", (80, "http2")),
            a_node("n", (80, "http2")),
            a_route("mixed", "rest", {"n": 1}, protocol="http2", match=rest, priority=1),
            a_route("mixed", "calls", {"n": 1}, protocol="grpc", match=calls),
        )
        return [p.path for p in link(mesh).problems if p.code == "shadowed-route"]

    assert rest_before_calls("x-canary") == ["route/mixed/calls.yaml"]
    assert rest_before_calls("x-other") == []


def test_gateway_routes_shadow_each_other_unless_their_hosts_differ() -> None:
    def to(name: str, **match: object) -> Resource:
        asked = {"prefix": "/x"} | match
        return a_gateway_route("front", name, "web.shop.local", match=asked)  # type: ignore[arg-type]

    assert [p.code for p in link(shop_with(to("a"), to("b"))).problems] == ["shadowed-route"]
    hosts = [to(name, hostname={"exact": f"{name}.example"}) for name in ("a", "b")]
    assert link(shop_with(*hosts)).problems == ()


# --- one cause, many resources ----------------------------------------------------------------


def test_a_missing_mesh_names_some_of_its_resources_and_counts_the_rest() -> None:
    mesh = [each for each in big_mesh(200) if each.key.kind is not Kind.MESH]
    problems = link(mesh).problems
    assert [problem.code for problem in problems] == ["missing-mesh"] * MOST
    assert f"as {len(mesh) - MOST} more resources do" in problems[0].message
    assert problems[0].hint == "add a document {kind: Mesh, meshName: shop}"


def test_among_very_many_names_the_near_one_is_still_found() -> None:
    route = a_route("svc-00007", "all", {"svc-00007-v11": 1})
    mesh = {each.key: each for each in (*big_mesh(2000), route)}
    (problem,) = link(mesh.values()).problems
    assert problem.hint == 'did you mean "svc-00007-v1"?'


def test_a_name_mistaken_at_its_beginning_is_found_by_its_end() -> None:
    nodes = [a_node(f"{number:03}-{number * 37 % 1000:03}-node", 80) for number in range(300)]
    route = a_route("r", "all", {"x23-551-node": 1})
    (problem,) = link([a_mesh(), a_router("r", 80), route, *nodes]).problems
    assert "123-551-node" in {each.key.name for each in nodes}
    assert problem.hint == 'did you mean "123-551-node"?'
