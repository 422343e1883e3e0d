"""Our model of routing against real Envoys in every protocol: each match and each rule of order."""

from collections import Counter

import pytest

from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link
from mesh.routing import Decision, Outcome, Request, decide
from tests.support.apps import say
from tests.support.crossroads import calls
from tests.support.crossroads.cases import (
    PROTOCOLS,
    cases,
    grpc_route_pairs,
    pairs,
    route_cases,
)
from tests.support.crossroads.entrances import ENTRANCES, entrances
from tests.support.crossroads.place import Crossroads
from tests.support.crossroads.specs import PORT, SECOND, TCP_SERVICES
from tests.support.crossroads.specs import crossroads as crossroads_mesh

pytestmark = pytest.mark.envoy

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
FRONT = ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front")
_REJECTED = {Outcome.NONE: (404, 12), Outcome.UNAVAILABLE: (503, 14)}


@pytest.fixture(scope="module")
def graph(crossroads: Crossroads) -> MeshGraph:
    addresses = {**crossroads.addresses, "slow": crossroads.slow.ingress}
    return link([*crossroads_mesh(addresses), *entrances()])


@pytest.mark.parametrize("gateway", [False, True], ids=["node", "gateway"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_model_says_what_envoy_does(
    crossroads: Crossroads, graph: MeshGraph, protocol: str, gateway: bool
) -> None:
    seen: Counter[str] = Counter()
    wrong = []
    for request in _requests(protocol, gateway=gateway):
        if gateway:
            decision = decide(graph, FRONT, _seen(request, protocol, "shop.example.com", ENTRANCES))
            answer = crossroads.enter(protocol, request)
        else:
            host = f"matching-{protocol}.local"
            decision = decide(graph, WEB, _seen(request, protocol, host, PORT))
            answer = crossroads.call(protocol, "matching", request)
        seen[answer.app or "a proxy"] += 1
        if not _agree(decision, answer, protocol):
            wrong.append(f"{request}\n    model {decision.result}\n    Envoy {answer}")
    assert not wrong, f"{len(wrong)} of {seen.total()} differ:\n" + "\n".join(wrong[:10])
    assert min(seen["one"], seen["two"]) > 10


def _requests(protocol: str, *, gateway: bool) -> list[calls.Request]:
    matching = [*cases(protocol), *(() if gateway else route_cases(protocol))]
    ordered = [*pairs(protocol)]
    if protocol == "grpc" and not gateway:
        ordered += grpc_route_pairs()
    found = [request for case in matching for request in (*case.hits, *case.misses)]
    found += [pair.request for pair in ordered]
    # The same without a header that a case needs, in another method, and for nobody.
    bare = [calls.Request(r.path, r.method, r.authority, r.scheme) for r in found]
    strange = [calls.Request(r.path, r.method, "nobody.local", headers=r.headers) for r in found]
    return [*found, *bare, *strange[:3]]


def _seen(request: calls.Request, protocol: str, host: str, ports: dict[str, int]) -> Request:
    port = ports[protocol]
    authority = request.authority.format(host=host, port=port)
    headers: dict[str, tuple[str, ...]] = {}
    if protocol == "grpc":
        headers = {"content-type": ("application/grpc",), "te": ("trailers",)}
    for name, value in request.headers:
        headers[name.lower()] = (*headers.get(name.lower(), ()), value)
    method = "POST" if protocol == "grpc" else request.method
    return Request(method, request.path, authority, port, request.scheme, headers)


def _agree(decision: Decision, answer: calls.Answer, protocol: str) -> bool:
    if decision.outcome is not Outcome.ROUTED:
        status, code = _REJECTED[decision.outcome]
        told = (answer.grpc_status, code) if protocol == "grpc" else (answer.status, status)
        return answer.app is None and told[0] == told[1]
    apps = {share.node.removesuffix(f"-{protocol}") for share in decision.shares}
    return answer.app in apps and decision.path == answer.path


@pytest.mark.parametrize("service", ["weights", "first", "targets"])
def test_the_model_says_where_connections_go(
    crossroads: Crossroads, graph: MeshGraph, service: str
) -> None:
    ports = [TCP_SERVICES[service], *([TCP_SERVICES[service] + 10] if service == "targets" else [])]
    for port in ports:
        decision = decide(graph, WEB, Request(host=f"{service}-tcp.local", port=port))
        answered = {say(crossroads.web.egress, port, "hello") for _ in range(60)}
        expected = {(share.node.removesuffix("-tcp"), share.port) for share in decision.shares}
        assert decision.outcome is Outcome.ROUTED
        assert {_app(answer) for answer in answered} == expected


def _app(answer: str) -> tuple[str, int]:
    """Return which application answered on which of its ports."""
    name = answer.removesuffix(": hello")
    second = name.endswith("-second")
    return name.removesuffix("-second"), (SECOND if second else PORT)["tcp"]
