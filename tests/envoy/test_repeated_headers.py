"""Headers that are sent more than once, and long paths: real Envoys, and our model of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link
from mesh.resource import Resource
from mesh.routing import Request as Asked
from mesh.routing import decide
from tests.support.crossroads.app import App, serving
from tests.support.crossroads.calls import Request, call
from tests.support.crossroads.conduct import Ledger
from tests.support.envoy import running, static_bootstrap, wait_until_ready
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import translate

pytestmark = pytest.mark.envoy

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
PORT = {protocol: free_port() for protocol in ("http", "http2")}
ADMIN = free_port()
MATCHES: dict[str, JsonObject | None] = {
    "exact": {"exact": "a"},
    "joined": {"exact": "a,b"},
    "prefix": {"prefix": "a"},
    "suffix": {"suffix": "b"},
    "regex": {"regex": "a"},
    "range": {"range": {"start": 1, "end": 5}},
    "present": None,
}
SAID = ((), ("a",), ("b",), ("a", "b"), ("b", "a"), ("3", "9"), ("9", "3"), ("a", "3"), ("", "a"))
ONE_LINE = (
    *("accept", "accept-encoding", "access-control-request-headers", "authorization", "cookie"),
    *("access-control-request-method", "cache-control", "content-encoding", "content-type"),
    *("grpc-accept-encoding", "grpc-timeout", "if-match", "if-modified-since", "if-none-match"),
    *("origin", "pragma", "referer", "user-agent", "via", "x-client-trace-id", "x-forwarded-for"),
    *("x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-request-id"),
    *("accept-language", "traceparent", "x-real-ip", "forwarded", "dnt", "date", "baggage"),
)
"""Headers of which Envoy might make one: it does with most, not with the last line."""
VALUES = {"first": "a", "comma": "a,b", "semicolon": "a; b"}


@dataclass(frozen=True)
class Place:
    """A mesh whose proxy is an Envoy, and how to ask both."""

    graph: MeshGraph
    egress: str

    def differ(self, protocol: str, path: str, *headers: tuple[str, str]) -> str:
        """Return how Envoy and the model differ, empty where they agree."""
        host, port = f"{protocol}.local", PORT[protocol]
        answer = call(protocol, self.egress, port, Request(path, authority=host, headers=headers))
        said: dict[str, tuple[str, ...]] = {}
        for name, value in headers:
            said[name] = (*said.get(name, ()), value)
        model = decide(self.graph, WEB, Asked("GET", path, host, port, headers=said)).result
        envoy = f"{answer.app}-{protocol}"
        return "" if model == envoy else f"{protocol} {path} {headers}: {envoy}, model {model}"


def _routes(protocol: str) -> Iterator[Resource]:
    asked: dict[str, JsonObject] = {}
    for name, match in MATCHES.items():
        header: JsonObject = {"name": "x-h"} if match is None else {"name": "x-h", "match": match}
        asked[name] = header
        asked[f"{name}-not"] = {**header, "invert": True}
    for name in ONE_LINE:
        for kind, value in VALUES.items():
            asked[f"{name}-{kind}"] = {"name": name, "match": {"exact": value}}
    for path, header in asked.items():
        match = {"prefix": f"/{path}/", "headers": [header]}
        yield a_route(protocol, path, {f"two-{protocol}": 1}, protocol=protocol, match=match)
    yield a_route(protocol, "rest", {f"one-{protocol}": 1}, protocol=protocol)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, admin = tmp_path_factory.mktemp("headers"), loopback_address()
    web = Explicit(loopback_address(), loopback_address(), loopback_address())
    apps = [App(n, loopback_address(), PORT[p], Ledger(), p) for n in ("one", "two") for p in PORT]
    nodes = [
        a_node(f"{app.name}-{app.protocol}", (app.port, app.protocol), hostname=app.address)
        for app in apps
    ]
    services = [a_service(f"{p}.local", router=p) for p in PORT]
    backends = [each.key.name for each in services]
    routers = [a_router(p, (PORT[p], p)) for p in PORT]
    routes = [route for p in PORT for route in _routes(p)]
    web_node = a_node("web", backends=backends)
    graph = link([a_mesh(), web_node, *nodes, *services, *routers, *routes])
    assert graph.problems == ()
    config = static_bootstrap([translate(graph, ProxyIdentity(WEB, web))], admin=(admin, ADMIN))
    with serving(*apps), running(config, folder):
        wait_until_ready(admin, ADMIN, folder)
        yield Place(graph, web.egress)


@pytest.mark.parametrize("protocol", PORT)
def test_one_value_is_enough_and_invert_wants_none(place: Place, protocol: str) -> None:
    paths = [f"/{name}{no}/" for name in MATCHES for no in ("", "-not")]
    asked = [(path, [("x-h", value) for value in said]) for path in paths for said in SAID]
    assert [d for path, said in asked if (d := place.differ(protocol, path, *said))] == []


@pytest.mark.parametrize("protocol", PORT)
def test_of_some_headers_the_values_are_joined(place: Place, protocol: str) -> None:
    if protocol == "http":
        names = [name for name in ONE_LINE if name != "accept-encoding"]  # the client sends its own
    else:
        names = list(ONE_LINE)
    asked = [(name, f"/{name}-{kind}/") for name in names for kind in VALUES]
    both = [place.differ(protocol, path, (name, "a"), (name, "b")) for name, path in asked]
    assert [difference for difference in both if difference] == []


def test_paths_are_taken_up_to_60_kib(place: Place) -> None:
    host = "http.local"

    def status(length: int) -> int:
        asked = Request("/" + "x" * (length - 1), authority=host)
        return call("http", place.egress, PORT["http"], asked).status

    assert [status(length) for length in (8193, 61_000, 62_000)] == [200, 200, 431]
