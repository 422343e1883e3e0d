"""Surprising decisions of the routing model, and the conditions that fail."""

import pytest

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link
from mesh.routing import BadRequest, Outcome, Request, decide, read_request
from mesh.routing.paths import normalised, parameters
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

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
FRONT = ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front")


def shop(*, allow_all: bool = False) -> MeshGraph:
    return link(
        [
            a_mesh(allow_all=allow_all),
            a_node("web", 8080, backends=["cart.local", "db.local", "nobody.local"]),
            a_node("v1", 8080),
            a_node("v2", 8080),
            a_node("db", (5432, "tcp")),
            a_service("cart.local", router="cart"),
            a_service("nobody.local"),
            a_service("db.local", router="db"),
            a_router("cart", 8080),
            a_router("db", (5432, "tcp")),
            a_route("db", "all", {"db": 1}, protocol="tcp"),
            a_route("cart", "all", {"v1": 90, "v2": 10}),
            a_route("cart", "none", {"v1": 0}, match={"prefix": "/closed"}),
            a_route(
                "cart",
                "canary",
                {"v2": 1},
                match={"prefix": "/", "headers": [{"name": "x-canary", "match": {"exact": "1"}}]},
                priority=1,
            ),
            a_gateway("front", 8088),
            a_gateway_route("front", "cart", "cart.local", match={"prefix": "/cart"}),
        ]
    )


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("/a/../b", "/b"),
        ("/a//b/./c", "/a/b/c"),
        ("/a/%2E%2e/b", "/b"),
        ("/a\\..\\b", "/b"),
        ("/%63art", "/cart"),
        ("/a%2fb", "/a%2fb"),
        ("/a%zz", "/a%zz"),
        ("/a<b>", "/a%3Cb%3E"),
        ("/../..", "/"),
        ("//", "//"),
        ("/a?x=//../%61", "/a?x=//../%61"),
        ("/a#b", None),
        ("/a%00", None),
        ("a", None),
    ],
)
def test_paths_are_normalised_as_envoy_does(sent: str, seen: str | None) -> None:
    assert normalised(sent) == seen


def test_of_a_repeated_query_parameter_the_first_counts() -> None:
    assert parameters("/?a=1&a=2&b&c==") == {"a": "1", "b": "", "c": "="}


def test_shares_are_those_of_the_first_route_that_matches() -> None:
    decision = decide(shop(), WEB, read_request("GET /x", host="cart.local"))
    assert decision.result == "v1 90 %, v2 10 %"
    assert decision.route is not None
    assert decision.route.key.name == "all"
    canary = decide(shop(), WEB, read_request("/x", host="CART.local", headers={"X-Canary": "1"}))
    assert canary.result == "v2"


def test_what_went_before_in_vain_is_told() -> None:
    decision = decide(shop(), WEB, read_request("GET /x", host="cart.local"))
    told = [(each.route.key.name, str(each.misses[0])) for each in decision.tried]
    assert told[0] == ("canary", 'header x-canary exact "1" is required, it has none')


@pytest.mark.parametrize(
    ("request_", "outcome"),
    [
        (Request(host="cart.local", path="/closed"), Outcome.UNAVAILABLE),
        (Request(host="other.local", port=8080), Outcome.NONE),
        (Request(host="nobody.local"), Outcome.NONE),
        (Request(host="cart.local", path="/a#b"), Outcome.REFUSED),
        (Request("CONNECT", host="cart.local"), Outcome.NONE),
        (Request(host="cart.local", headers={"x-forwarded-proto": ""}), Outcome.NONE),
        (Request(host="anything", port=5432), Outcome.ROUTED),
    ],
)
def test_a_request_ends_as_it_would(request_: Request, outcome: Outcome) -> None:
    assert decide(shop(), WEB, request_).outcome is outcome


def test_what_a_client_says_in_the_headers_between_a_gateways_passes_is_not_heard() -> None:
    asked: JsonObject = {"prefix": "/cart", "headers": [{"name": "x-app-mesh-virtual-service"}]}
    first = a_gateway_route("front", "a", "nobody.local", match=asked, priority=1)
    graph = link([*shop().resources.values(), first])
    said = {"x-app-mesh-virtual-service": "nobody.local"}
    decision = decide(graph, FRONT, Request(host="a", path="/cart", port=8088, headers=said))
    assert decision.gateway_route is not None
    assert decision.gateway_route.key.name == "cart"


def test_a_mesh_that_lets_everything_out_does() -> None:
    foreign = read_request("http://example.com/")
    assert decide(shop(allow_all=True), WEB, foreign).outcome is Outcome.OUTSIDE
    assert decide(shop(), WEB, foreign).outcome is Outcome.NONE


def test_a_gateway_rewrites_and_asks_the_routes_of_the_service() -> None:
    decision = decide(shop(), FRONT, read_request("/cart/closed?x", host="shop.example.com"))
    assert decision.outcome is Outcome.UNAVAILABLE
    assert (decision.path, decision.host) == ("/closed?x", "cart.local")
    assert decision.gateway_route is not None
    assert decision.gateway_route.key.name == "cart"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("GET cart", "a"),
        ("get /", "a"),
        ("GET /", None),
        ("GET /a b", "a"),
        ("GET /é", "a"),
        ("GET ftp://a/", None),
        ("GET http://[::1/", None),
        ("GET /" + "x" * 61_440, "a"),
        ("GET /", "a b"),
    ],
)
def test_what_no_client_sends_is_no_request(text: str, host: str | None) -> None:
    with pytest.raises(BadRequest):
        read_request(text, host=host)


def test_a_url_says_host_port_and_scheme() -> None:
    read = read_request("GET https://cart.local:8080/a?b")
    assert (read.host, read.port, read.scheme, read.path) == (
        "cart.local:8080",
        8080,
        "https",
        "/a?b",
    )


BALANCED = link(
    [
        a_mesh(),
        a_node("app", 8080, (8081, "http")),
        a_service("app.int", node="app"),
        a_gateway("gw", 8088),
        a_gateway("two", 80, 81),
        resource(
            ResourceKey.of(Kind.GATEWAY_ROUTE, "shop", "byhost", "gw"),
            {
                "httpRoute": {
                    "match": {"prefix": "/", "hostname": {"exact": "stg.example"}},
                    "action": {
                        "target": {
                            "virtualService": {"virtualServiceName": "app.int"},
                            "port": 8080,
                        }
                    },
                }
            },
        ),
        a_gateway_route("two", "r80", "app.int", port=8080, match={"prefix": "/", "port": 80}),
        a_gateway_route("two", "r81", "app.int", port=8081, match={"prefix": "/", "port": 81}),
        a_node("cli", 1, backends=["app.int"]),
    ]
)


@pytest.mark.parametrize(
    ("caller", "text", "host", "ports"),
    [
        ("virtualGateway/gw", "GET http://stg.example/x", "stg.example:80", {8080}),
        ("virtualGateway/gw", "GET /x", "stg.example:80", {8080}),
        ("virtualGateway/gw", "GET http://stg.example:8088/x", "stg.example:443", {8080}),
        ("virtualGateway/gw", "GET http://stg.example:80/x", "stg.example", set()),
        ("virtualGateway/two", "GET http://a/x", "a:81", {8081}),
        ("virtualGateway/two", "GET http://a:80/x", "a:81", {8080}),
        ("virtualGateway/two", "GET http://a/x", "a", set()),
        ("virtualNode/cli", "GET /x", "app.int:8081", {8081}),
        ("virtualNode/cli", "GET /x", "app.int", {8080}),
        ("virtualNode/cli", "GET http://app.int:8081/x", "app.int", {8081}),
        ("virtualNode/cli", "GET /x", "app.int:9", set()),
    ],
)
def test_the_header_host_says_nothing_of_the_port_that_is_dialled(
    caller: str, text: str, host: str, ports: set[int]
) -> None:
    request = read_request(text, headers={"Host": host})
    assert request.host == host
    decision = decide(BALANCED, ResourceKey.parse(f"mesh/shop/{caller}"), request)
    assert {share.port for share in decision.shares} == ports


def test_a_gateway_that_is_dialled_elsewhere_says_where_it_listens() -> None:
    gateway = ResourceKey.parse("mesh/shop/virtualGateway/gw")
    told = decide(BALANCED, gateway, read_request("GET http://stg.example:80/")).reason
    assert told == (
        "the gateway does not listen on port 80 but on 8088 (http); behind a load "
        "balancer, leave the port out and set it in the header host"
    )
    two = ResourceKey.parse("mesh/shop/virtualGateway/two")
    told = decide(BALANCED, two, read_request("GET http://stg.example/")).reason
    assert told == "the request names no port, and the gateway listens on 80 (http), 81 (http)"


def test_over_http_1_the_scheme_is_what_x_forwarded_proto_says() -> None:
    graph = link(
        [
            *shop().resources.values(),
            a_route("cart", "tls", {"v2": 1}, match={"prefix": "/", "scheme": "https"}, priority=0),
        ]
    )

    def answered(text: str, **headers: str) -> str:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return decide(graph, WEB, read_request(text, headers=said)).result

    assert answered("GET http://cart.local/x", x_forwarded_proto="https") == "v2"
    assert answered("GET https://cart.local/x", x_forwarded_proto="http") == "v1 90 %, v2 10 %"
    assert answered("GET https://cart.local/x") == "v1 90 %, v2 10 %"


def test_over_http_2_the_scheme_is_what_the_client_says() -> None:
    tls: JsonObject = {"prefix": "/", "scheme": "https"}
    graph = link(
        [
            a_mesh(),
            a_node("web", 1, backends=["s"]),
            a_service("s", router="r"),
            a_router("r", (80, "http2")),
            a_node("plain", (80, "http2")),
            a_node("secret", (80, "http2")),
            a_route("r", "all", {"plain": 1}, protocol="http2"),
            a_route("r", "tls", {"secret": 1}, protocol="http2", match=tls, priority=1),
        ]
    )
    for scheme, node in (("http", "plain"), ("https", "secret")):
        assert decide(graph, WEB, read_request(f"GET {scheme}://s/")).result == node


def test_a_miss_tells_all_values_of_a_header() -> None:
    request = read_request("/x", host="cart.local", headers={"x-canary": ("0", "2")})
    told = [str(each.misses[0]) for each in decide(shop(), WEB, request).tried]
    assert told[0] == 'header x-canary exact "1" is required, it has "0", "2"'
    for values in (("0", "1"), ("1", "0")):
        said = read_request("/x", host="cart.local", headers={"x-canary": values})
        assert decide(shop(), WEB, said).result == "v2"


def test_a_host_is_said_once() -> None:
    with pytest.raises(BadRequest, match="several host headers"):
        read_request("/x", headers={"host": ("a", "b")})


def test_a_long_path_is_read() -> None:
    request = read_request("GET /" + "x" * 60_000, host="cart.local")
    assert decide(shop(), WEB, request).result == "v1 90 %, v2 10 %"
