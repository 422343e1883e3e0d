"""What gRPC clients get, and that real ones take it: an unmodified grpcio in a process of its own.

From a push to a call, through a whole server, it is in tests/flow/test_proxyless.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.route.v3 import RetryPolicy, RouteConfiguration

from events.publication import Publication
from events.state import MeshState
from events.types import CommitId, Seq, SnapshotConverged, SnapshotRejected
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import spec_json
from tests.support.ads_server import Served, key, serving
from tests.support.golden import GoldenCase, golden_cases_of
from tests.support.loopback import loopback_address
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service
from tests.support.proxyless_town import PORT, Answers, Caller, answering
from xds.nodes import Client, ProxyIdentity
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import build_snapshot
from xds.translate import Translation, limits, translate
from xds.translate.readable import dump
from xds.type_urls import LISTENER, ROUTE

CASES = golden_cases_of(Client.GRPC, Path(__file__).parents[1] / "golden")
WEB = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"), client=Client.GRPC)


@asynccontextmanager
async def client_of(served: Served, node: str) -> AsyncIterator[Caller]:
    caller = await asyncio.to_thread(Caller, f"127.0.0.1:{served.port}", str(key(node)))
    try:
        yield caller
    finally:
        await asyncio.to_thread(caller.close)


def refusals(served: Served) -> list[str]:
    return [event.message for event in served.events if isinstance(event, SnapshotRejected)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_real_client_takes_all_of_it(case: GoldenCase) -> None:
    """Every listener is dialled; nobody answers, so each call ends where a connection would be."""

    async def scenario() -> None:
        async with serving() as served:
            await served.first(web=case.translation)
            names = [str(each["name"]) for each in dump(case.translation)["listeners"]]
            async with client_of(served, "web") as caller:
                for name in names:
                    said = await asyncio.to_thread(caller.call, name, 1, timeout=5)
                    assert [_ends(answer) for answer in said] == ["UNAVAILABLE"], said
            assert refusals(served) == []

    assert case.translation[LISTENER]
    asyncio.run(scenario())


WHOLE = ("Failed to connect", "contains no localities", "No matching route found")
"""What a call says that went as far as the configuration leads it. Routes are only looked at when
the client has all of their clusters."""


def _ends(answer: str) -> str:
    """Return the status of such a call, and all that any other said."""
    return answer.partition(":")[0] if any(end in answer for end in WHOLE) else answer


def cart(address: str) -> Translation:
    graph = link(
        [
            a_mesh(),
            a_node("web", backends=["cart.local"]),
            a_node("cart", (PORT, "grpc"), hostname=address),
            a_service("cart.local", router="cart"),
            a_router("cart", (PORT, "grpc")),
            a_route("cart", "all", {"cart": 1}, protocol="grpc"),
        ]
    )
    return translate(graph, WEB)


def with_a_policy_that_grpc_refuses(translation: Translation) -> Translation:
    """Return it with a retry policy of no retries, which Envoy takes and gRPC does not."""
    [routes] = translation[ROUTE]
    spoilt = RouteConfiguration.parse(bytes(routes))
    action = spoilt.virtual_hosts[0].routes[0].route
    assert action is not None
    action.retry_policy = RetryPolicy(retry_on="unavailable", num_retries=0)
    return {**translation, ROUTE: (spoilt,)}


def test_what_a_client_refuses_is_recorded_in_its_words_and_changes_nothing_for_it() -> None:
    address = loopback_address()

    async def scenario() -> None:
        good = cart(address)
        with answering({"cart": f"{address}:{PORT}"}):
            async with serving() as served, _calling(served, good) as caller:
                bad = served.publish(web=with_a_policy_that_grpc_refuses(good))
                event = await served.event(SnapshotRejected, commit=bad, type_url=ROUTE)
                assert isinstance(event, SnapshotRejected)
                print(f"\n{event.message}")
                assert event.node == "mesh/shop/virtualNode/web"
                assert "retry_policy.num_retries" in event.message
                answers = await asyncio.to_thread(caller.call, "cart.local", 50)
                assert answers == Answers(cart=50)
                fixed = served.publish(web=good)
                await served.event(SnapshotConverged, commit=fixed)
                assert len(refusals(served)) == 1

    asyncio.run(scenario())


@asynccontextmanager
async def _calling(served: Served, translation: Translation) -> AsyncIterator[Caller]:
    await served.first(web=translation)
    async with client_of(served, "web") as caller:
        answers = await asyncio.to_thread(caller.call, "cart.local")
        assert answers == Answers(cart=1)
        yield caller


def test_of_two_services_that_want_one_name_the_one_of_that_very_name_has_it() -> None:
    """The reader lets no such name pass; whatever a mesh holds, no listener is there twice."""
    nodes = [a_node(name, (80, "grpc"), hostname=name) for name in ("first", "second")]
    services = [a_service("a", node="first"), a_service("a:80", node="second")]
    graph = link([a_mesh(), a_node("web", backends=["a", "a:80"]), *nodes, *services])
    listeners = dump(translate(graph, WEB))["listeners"]
    assert {str(each["name"]): "proxyless_a:80_80" in str(each) for each in listeners} == {
        "a": False,
        "a:80": True,
        "a:80:80": True,
    }


def test_calls_to_a_target_of_http_1_fail_and_a_warning_says_so() -> None:
    """An Envoy would translate; the library would speak HTTP/2 to what does not understand it."""
    graph = link(
        [
            a_mesh(),
            a_node("web", backends=["cart"]),
            a_service("cart", router="cart"),
            a_router("cart", (80, "http2")),
            a_route("cart", "all", {"old": 1}, protocol="http2"),
            a_node("old", 80),
        ]
    )
    [told] = limits(graph, WEB)
    assert (told.code, told.path) == ("grpc-target-protocol", "virtualNode/old.yaml")
    [endpoints] = dump(translate(graph, WEB))["endpoints"]
    assert "endpoints" not in endpoints


def test_every_case_of_a_client_is_consistent() -> None:
    for case in CASES:
        build_snapshot(Pool(), case.translation)


def test_an_envoy_has_no_limits_and_a_client_without_a_node_neither() -> None:
    for case in CASES:
        assert limits(case.graph, ProxyIdentity(case.proxy.key)) == ()
    assert limits(link([a_mesh()]), WEB) == ()


def test_a_server_warns_of_what_a_client_does_without_when_that_is_news(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def published(seq: int, case: GoldenCase, **more: JsonObject) -> Publication:
        specs = {r.key: spec_json(r.spec) for r in case.graph.resources.values()}
        specs |= {ResourceKey.of(Kind.VIRTUAL_NODE, "shop", n): more[n] for n in more}
        return Publication(MeshState(Seq(seq), CommitId("a"), CommitId("a"), specs))

    tls, ports = (
        next(c for c in CASES if c.folder.name == f"proxyless-{n}") for n in ("tls", "ports")
    )
    cache = SnapshotCache()
    cache.absorb(published(1, tls))
    for identity in (WEB, ProxyIdentity(WEB.key)):
        cache.join(identity)
        cache.resolve(identity)
    cache.absorb(published(2, tls, plain={"backends": []}))
    cache.resolve(WEB)
    cache.absorb(published(3, ports))
    cache.resolve(WEB)
    assert [record.getMessage() for record in caplog.records] == [
        "a client does not support 3 features of its specs",
        "a client does not support 4 features of its specs",
    ]
    said = vars(caplog.records[0])
    assert said["node"] == "mesh/shop/virtualNode/web"
    assert said["codes"] == "grpc-plain-text, grpc-tls"
    assert said["hint"] == "gitmesh translate --node mesh/shop/virtualNode/web --client grpc"
