"""Matching order of routes."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.canonical import JsonObject
from mesh.graph.matching import NO_PRIORITY, gateway_route_order, route_match, route_order
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, spec_from_json
from mesh.spec import RouteSpec
from tests.support.meshes import a_gateway_route, a_route, a_service


def route(
    name: str, match: JsonObject, priority: int | None = None, protocol: str = "http"
) -> Resource:
    return a_route("r", name, {"n": 1}, match=match, priority=priority, protocol=protocol)


def gateway_route(name: str, match: JsonObject, protocol: str = "http") -> Resource:
    return a_gateway_route("g", name, "s", match=match, protocol=protocol)


HEADER: JsonObject = {"name": "x-canary"}
HTTP_PAIRS: list[tuple[str, Resource, Resource]] = [
    ("a lower priority number", route("z", {"prefix": "/"}, 0), route("a", {"prefix": "/aa"}, 1)),
    ("any priority before none", route("z", {"prefix": "/"}, 1000), route("a", {"prefix": "/aa"})),
    ("a longer prefix", route("z", {"prefix": "/cart/"}), route("a", {"prefix": "/cart"})),
    (
        "an exact path before a longer regex",
        route("z", {"path": {"exact": "/a"}}),
        route("a", {"path": {"regex": "/a.*longer"}}),
    ),
    (
        "a regex before a longer prefix",
        route("z", {"path": {"regex": "/."}}),
        route("a", {"prefix": "/a/longer/prefix"}),
    ),
    (
        "a longer exact path",
        route("z", {"path": {"exact": "/ab"}}),
        route("a", {"path": {"exact": "/a"}}),
    ),
    ("a method", route("z", {"prefix": "/", "method": "GET"}), route("a", {"prefix": "/"})),
    ("a scheme", route("z", {"prefix": "/", "scheme": "https"}), route("a", {"prefix": "/"})),
    ("a port", route("z", {"prefix": "/", "port": 80}), route("a", {"prefix": "/"})),
    ("a header", route("z", {"prefix": "/", "headers": [HEADER]}), route("a", {"prefix": "/"})),
    (
        "more headers",
        route("z", {"prefix": "/", "headers": [HEADER, {"name": "x"}]}),
        route("a", {"prefix": "/", "headers": [HEADER]}),
    ),
    (
        "a query parameter",
        route("z", {"prefix": "/", "queryParameters": [{"name": "q"}]}),
        route("a", {"prefix": "/"}),
    ),
    ("the name when all else is equal", route("a", {"prefix": "/"}), route("b", {"prefix": "/"})),
]
GRPC_PAIRS: list[tuple[str, Resource, Resource]] = [
    (
        "a method before a longer service",
        route("z", {"serviceName": "s", "methodName": "M"}, protocol="grpc"),
        route("a", {"serviceName": "a.much.longer.Service"}, protocol="grpc"),
    ),
    (
        "a service before any service",
        route("z", {"serviceName": "s"}, protocol="grpc"),
        route("a", {"metadata": [HEADER]}, protocol="grpc"),
    ),
    (
        "metadata",
        route("z", {"metadata": [HEADER]}, protocol="grpc"),
        route("a", {}, protocol="grpc"),
    ),
]
TCP_PAIRS: list[tuple[str, Resource, Resource]] = [
    (
        "a tcp port",
        route("z", {"port": 80}, protocol="tcp"),
        a_route("r", "a", {"n": 1}, protocol="tcp"),
    ),
]
PAIRS = HTTP_PAIRS + GRPC_PAIRS + TCP_PAIRS


@pytest.mark.parametrize(("first", "second"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_route_is_tried_first_for(first: Resource, second: Resource) -> None:
    assert route_order(first) < route_order(second)


GATEWAY_PAIRS: list[tuple[str, Resource, Resource]] = [
    (
        "a longer prefix",
        gateway_route("z", {"prefix": "/chapter"}),
        gateway_route("a", {"prefix": "/"}),
    ),
    (
        "a host beside the same prefix",
        gateway_route("z", {"prefix": "/", "hostname": {"exact": "shop.example"}}),
        gateway_route("a", {"prefix": "/"}),
    ),
    (
        "a path before a host alone",
        gateway_route("z", {"path": {"exact": "/x"}}),
        gateway_route("a", {"hostname": {"exact": "shop.example"}}),
    ),
    (
        "a gRPC service before a host alone",
        gateway_route("z", {"serviceName": "s"}, "grpc"),
        gateway_route("a", {"hostname": {"exact": "shop.example"}}, "grpc"),
    ),
]


@pytest.mark.parametrize(
    ("first", "second"), [p[1:] for p in GATEWAY_PAIRS], ids=[p[0] for p in GATEWAY_PAIRS]
)
def test_gateway_route_is_tried_first_for(first: Resource, second: Resource) -> None:
    assert gateway_route_order(first) < gateway_route_order(second)


def test_no_priority_stands_behind_the_last_that_can_be_written() -> None:
    assert route_order(route("a", {"prefix": "/"}))[0] == NO_PRIORITY == 1001


MATCHES = st.fixed_dictionaries(
    {"prefix": st.sampled_from(["/", "/a", "/b"])},
    optional={"method": st.sampled_from(["GET", "PUT"]), "port": st.sampled_from([80, 90])},
)


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.tuples(MATCHES, st.sampled_from([None, 0, 1])), min_size=2
    ),
    st.randoms(),
)
def test_the_order_is_total_within_a_router(
    spec: dict[str, tuple[JsonObject, int | None]], random: Random
) -> None:
    routes = [route(name, match, priority) for name, (match, priority) in spec.items()]
    assert len({route_order(each) for each in routes}) == len(routes)
    expected = sorted(routes, key=route_order)
    random.shuffle(routes)
    assert sorted(routes, key=route_order) == expected


def test_only_routes_have_an_order() -> None:
    with pytest.raises(TypeError, match="not a route"):
        route_order(a_service("s"))
    with pytest.raises(TypeError, match="not a gateway route"):
        gateway_route_order(route("a", {"prefix": "/"}))


def test_a_tcp_route_without_a_match_matches_nothing_in_particular() -> None:
    key = ResourceKey.of(Kind.ROUTE, "shop", "r", "r")
    targets: JsonObject = {"weightedTargets": [{"virtualNode": "n", "weight": 1}]}
    spec = spec_from_json(key, {"tcpRoute": {"action": targets}})
    assert isinstance(spec, RouteSpec)
    assert route_match(spec) is None
