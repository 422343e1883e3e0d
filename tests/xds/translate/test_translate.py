"""Properties of every translation, and the resources that a change may touch."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.errors import UsageError
from mesh.graph.mesh_settings import MeshSettings
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link, with_settings
from mesh.problems.problem import Severity
from mesh.resource import Resource
from tests.support import mesh_strategies, spec_strategies
from tests.support.meshes import (
    a_cloud_node,
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    shop_mesh,
    shop_with,
)
from xds.nodes import Client, Explicit, Intercepted, ProxyIdentity
from xds.translate import Translation, limits, translate
from xds.translate.readable import dump
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, TypeUrl
from xds.wire.encode import encode

GOLDEN = Path(__file__).parents[1] / "golden"
WEB = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"))
FRONT = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"))
CLIENT = ProxyIdentity(WEB.key, client=Client.GRPC)
ADDRESSINGS = (Intercepted(), Explicit("127.0.3.1", "127.0.3.2", "127.0.3.3"))


def encoded(translation: Translation) -> dict[TypeUrl, list[bytes]]:
    return {url: [encode(message) for message in found] for url, found in translation.items()}


def changed_types(before: tuple[Resource, ...], after: tuple[Resource, ...]) -> set[TypeUrl]:
    old, new = (encoded(translate(link(resources), WEB)) for resources in (before, after))
    return {url for url in old if old[url] != new[url]}


def values(value: Any, *names: str) -> Iterator[str]:
    """Yield every text that stands under one of these names, however deep."""
    if isinstance(value, dict):
        yield from (inner for name, inner in value.items() if name in names)
        for inner in value.values():
            yield from values(inner, *names)
    elif isinstance(value, list):
        for inner in value:
            yield from values(inner, *names)


def assert_whole(translation: Translation) -> None:
    """Everything that is named is there, no name is there twice, no host is taken twice."""
    found = dump(translation)
    names = {kind: [each.get("name") for each in found[kind]] for kind in found}
    for kind in ("clusters", "listeners", "routes"):
        assert names[kind] == sorted(set(map(str, names[kind])))
    assert set(values(found["listeners"], "route_config_name")) == set(names["routes"])
    targets = [*values(found["routes"], "cluster"), *values(found["listeners"], "cluster")]
    for weighted in values([found["routes"], found["listeners"]], "clusters"):
        targets += [each["name"] for each in weighted]  # type: ignore[index]
    assert set(targets) <= set(names["clusters"])
    addresses = list(map(str, values(found["listeners"], "socket_address")))
    assert len(addresses) == len(set(addresses))
    for routes in found["routes"]:
        domains = [d.lower() for each in values(routes, "domains") for d in each]
        assert len(domains) == len(set(domains))
        assert all(values(routes, "domains"))


@settings(max_examples=60, deadline=None)
@given(
    resources=st.lists(mesh_strategies.resources(), max_size=30),
    addressing=st.sampled_from(ADDRESSINGS),
)
def test_whatever_a_mesh_holds_every_proxy_gets_something_whole(
    resources: list[Resource], addressing: Intercepted | Explicit
) -> None:
    graph = link(resources)
    for key in graph.resources:
        if key.kind in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY):
            assert_whole(translate(graph, ProxyIdentity(key, addressing)))
        if key.kind is Kind.VIRTUAL_NODE:
            client = ProxyIdentity(key, client=Client.GRPC)
            assert_whole(translate(graph, client))
            assert all(each.severity is Severity.WARNING for each in limits(graph, client))


IN_USE = [
    ResourceKey.of_mesh("shop"),
    ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"),
    ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "v1"),
    ResourceKey.of(Kind.VIRTUAL_SERVICE, "shop", "cart.local"),
    ResourceKey.of(Kind.VIRTUAL_ROUTER, "shop", "cart"),
    ResourceKey.of(Kind.ROUTE, "shop", "drawn", "cart"),
    ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"),
    ResourceKey.of(Kind.GATEWAY_ROUTE, "shop", "drawn", "front"),
    ResourceKey.of(Kind.SERVICE_INSTANCES, "shop", "cart", "shop.internal"),
]


def around(resource: Resource) -> MeshGraph:
    """Return a mesh in which this resource is in use."""
    router, node = "cart", "v1"
    ports: list[tuple[int, str]] = [(81, "http"), (82, "http2"), (83, "grpc"), (84, "tcp")]
    return link(
        [
            a_mesh(),
            a_node("web", *ports, backends=["cart.local", "direct.local", "cloud.local"]),
            a_service("cart.local", router=router),
            a_service("direct.local", node=node),
            a_service("cloud.local", node="cloud"),
            a_cloud_node("cloud", (85, "http"), service="cart"),
            a_router(router, *ports),
            a_node(node, *ports),
            *(a_route(router, p, {node: 1}, protocol=p) for p in ("http", "http2", "grpc", "tcp")),
            a_gateway("front", *ports[:3]),
            a_gateway_route("front", "cart", "cart.local", port=81),
            resource,
        ]
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(list(Kind)))
def test_whatever_a_spec_says_it_can_be_translated_and_sent(
    data: st.DataObject, kind: Kind
) -> None:
    key = data.draw(st.sampled_from([key for key in IN_USE if key.kind is kind]))
    graph = around(Resource(key, data.draw(spec_strategies.specs(kind))))
    assert all(each.severity is Severity.WARNING for each in limits(graph, CLIENT))
    for proxy in (WEB, FRONT, CLIENT):
        for messages in encoded(translate(graph, proxy)).values():
            assert all(messages)


@given(order=st.permutations(shop_mesh()))
@settings(max_examples=10, deadline=None)
def test_the_order_of_resources_means_nothing(order: list[Resource]) -> None:
    assert encoded(translate(link(order), WEB)) == encoded(translate(link(shop_mesh()), WEB))


def test_processes_with_different_hash_seeds_get_the_same_bytes() -> None:
    here = Path(__file__).parents[3]

    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.fingerprint", str(GOLDEN)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(here)},
            cwd=here,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    found = [process.communicate(timeout=50)[0].strip() for process in processes]
    assert len(found[0]) == 64
    assert found[0] == found[1]


def test_a_shift_of_weights_touches_routes_alone() -> None:
    assert changed_types(shop_mesh(v1=100, v2=0), shop_mesh(v1=90, v2=10)) == {ROUTE}


def test_a_node_that_comes_into_a_route_touches_no_listener() -> None:
    route = a_route("cart", "all", {"cart-v1": 90, "cart-v2": 5, "cart-v3": 5})
    after = shop_with(route, a_node("cart-v3", 8080))
    assert changed_types(shop_mesh(), after) == {ROUTE, CLUSTER}


def test_a_new_route_touches_routes_alone() -> None:
    after = shop_with(a_route("cart", "more", {"cart-v1": 1}, match={"prefix": "/more"}))
    assert changed_types(shop_mesh(), after) == {ROUTE}


def test_what_others_call_touches_nothing() -> None:
    other = [a_node("ads", 8080), a_service("ads.local", node="ads"), a_node("x", 80)]
    assert changed_types(shop_mesh(), shop_with(*other)) == set()


def test_every_type_is_there_even_when_empty() -> None:
    translation = translate(link([a_mesh(), a_node("web")]), WEB)
    assert translation == {CLUSTER: (), ENDPOINT: (), LISTENER: (), ROUTE: (), SECRET: ()}


def test_an_unknown_proxy_is_told_what_it_may_have_meant() -> None:
    unknown = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "wbe"))
    with pytest.raises(UsageError, match="there is no mesh/shop/virtualNode/wbe") as error:
        translate(link(shop_mesh()), unknown)
    assert error.value.hint == "did you mean mesh/shop/virtualNode/web?"


def test_an_unknown_proxy_in_an_empty_repository_is_told_so() -> None:
    with pytest.raises(UsageError) as error:
        translate(link([]), FRONT)
    assert error.value.hint == "there is no VirtualGateway at all"


def test_two_services_that_differ_in_case_leave_one_host_and_two_headers_apart() -> None:
    graph = link(
        [
            *(a_service(name, node=node) for name, node in (("S.local", "a"), ("s.local", "b"))),
            *(a_node(name, 80, backends=["S.local", "s.local"]) for name in ("a", "b", "web")),
            a_gateway("front", 8088),
            *(
                a_gateway_route("front", name, name, match={"prefix": f"/{name}"})
                for name in ("S.local", "s.local")
            ),
        ]
    )
    assert_whole(translate(graph, WEB))
    [second, _] = dump(translate(graph, FRONT))["routes"]
    assert [host["name"] for host in second["virtual_hosts"]] == ["S.local", "default_backend"]  # type: ignore[index,union-attr,call-overload]
    clusters = set(values(second["virtual_hosts"][0], "cluster"))  # type: ignore[index]
    assert clusters == {"cds_egress_shop_a_http_80", "cds_egress_shop_b_http_80"}


def test_percent_signs_in_a_name_are_no_commands_to_envoy() -> None:
    graph = link(
        [
            a_service("100%.local", node="web"),
            a_node("web", 80),
            a_gateway("front", 8088),
            a_gateway_route("front", "all", "100%.local"),
        ]
    )
    added = values(dump(translate(graph, FRONT))["routes"], "request_headers_to_add")
    assert [header["header"]["value"] for each in added for header in each] == ["100%%.local", "80"]  # type: ignore[index]


def test_what_refers_to_nothing_yet_answers_503() -> None:
    graph = with_settings(
        link(
            [
                a_node("web", 80, backends=["cart.local"]),
                a_service("cart.local", router="cart"),
                a_router("cart", 80),
                a_route("cart", "all", {"web": 1, "gone": 1}),
                a_gateway("front", 8088),
                a_gateway_route("front", "none", "none.local"),
            ]
        ),
        MeshSettings(allow_dangling_references=True),
    )
    for proxy in (WEB, FRONT):
        translated = translate(graph, proxy)
        assert_whole(translated)
        assert [*values(dump(translated)["routes"], "status")] == [503]  # type: ignore[comparison-overlap]
