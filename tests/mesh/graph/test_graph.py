"""Incremental linking gives the same graph as linking everything at once."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.graph.matching import gateway_route_order, route_order
from mesh.keys import Kind, ResourceKey
from mesh.linking import EMPTY, MeshGraph, link, relink
from mesh.problems.problem import errors
from mesh.resource import Resource
from mesh.spec import MeshSpec, RouteSpec
from tests.support.mesh_strategies import all_keys, dense_mesh, edits, linkable_meshes
from tests.support.meshes import (
    MESH,
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

Changes = Mapping[ResourceKey, Resource | None]


def key(kind: Kind, name: str, parent: str = "") -> ResourceKey:
    return ResourceKey.of(kind, MESH, name, parent)


NODE, SERVICE, ROUTER = Kind.VIRTUAL_NODE, Kind.VIRTUAL_SERVICE, Kind.VIRTUAL_ROUTER
WEB, CART_V1, CART_V2 = key(NODE, "web"), key(NODE, "cart-v1"), key(NODE, "cart-v2")
FRONT = key(Kind.VIRTUAL_GATEWAY, "front")
CART, CART_ALL = key(ROUTER, "cart"), key(Kind.ROUTE, "all", "cart")


def everything_seen(graph: MeshGraph) -> object:
    """All that a graph answers, with the files that the answers come from."""
    return (
        {each.key: (each.spec, each.source.path) for each in graph.resources.values()},
        graph.problems,
        {each: graph.referrers(each) for each in all_keys()},
        {each: graph.dependents([each]) for each in all_keys()},
        {each: [(r.key, r.source.path) for r in graph.routes(each)] for each in all_keys()},
        {each: [r.key for r in graph.gateway_routes(each)] for each in all_keys()},
    )


@settings(max_examples=100)
@given(st.sampled_from([(), dense_mesh()]), st.lists(edits(), max_size=5))
def test_any_sequence_of_relinks_is_the_link_of_the_result(
    start: tuple[Resource, ...], steps: list[Changes]
) -> None:
    graph = link(start)
    resources = {each.key: each for each in start}
    for changes in steps:
        graph = relink(graph, changes)
        for changed, resource in changes.items():
            resources.pop(changed, None)
            if resource is not None:
                resources[changed] = resource
    assert everything_seen(graph) == everything_seen(link(resources.values()))


@settings(max_examples=30)
@given(linkable_meshes(), edits())
def test_undoing_changes_restores_the_graph(mesh: tuple[Resource, ...], changes: Changes) -> None:
    before = link(mesh)
    undo = {each: before.get(each) for each in changes}
    after = relink(relink(before, changes), undo)
    assert everything_seen(after) == everything_seen(before)


@settings(max_examples=30)
@given(linkable_meshes(), edits())
def test_the_graph_given_stays_as_it_is(mesh: tuple[Resource, ...], changes: Changes) -> None:
    graph = link(mesh)
    before = everything_seen(graph)
    relink(graph, changes)
    assert everything_seen(graph) == before


@settings(max_examples=50)
@given(linkable_meshes())
def test_meshes_made_to_link_have_no_errors(mesh: tuple[Resource, ...]) -> None:
    assert errors(link(mesh).problems) == []


@settings(max_examples=60)
@given(st.sampled_from([(), dense_mesh()]), edits(), edits())
def test_what_a_proxy_is_configured_by_changes_only_for_the_dependents(
    start: tuple[Resource, ...], first: Changes, last: Changes
) -> None:
    before = relink(link(start), first)
    after = relink(before, last)
    named = before.dependents(last) | after.dependents(last)
    proxies = (NODE, Kind.VIRTUAL_GATEWAY)
    for proxy in sorted({*before.resources, *after.resources} - named):
        if proxy.kind in proxies:
            assert reachable(before, proxy) == reachable(after, proxy)


def reachable(graph: MeshGraph, proxy: ResourceKey) -> object:
    """The specs a proxy's configuration is made from, found by walking down from the proxy."""
    found: dict[ResourceKey, Resource | None] = {}
    mesh = ResourceKey.of_mesh(proxy.mesh)
    _collect(graph, proxy, found)
    return {**found, mesh: graph.get(mesh)}


def _collect(
    graph: MeshGraph, start: ResourceKey, found: dict[ResourceKey, Resource | None]
) -> None:
    found[start] = graph.get(start)
    children = (*graph.routes(start), *graph.gateway_routes(start))
    named = [each for each in all_keys() if start in graph.referrers(each)]
    for each in (*(child.key for child in children), *named):
        # A node called by others does not show them its own backends.
        if each in found:
            continue
        if each.kind is NODE:
            found[each] = graph.get(each)
        else:
            _collect(graph, each, found)


NEAR_AND_FAR: list[tuple[str, Resource]] = [
    ("a mesh elsewhere changes nothing", a_mesh("lab")),
    ("a provider's port clashes at its callers", a_node("catalog", (8080, "http2"))),
    ("a router's port clashes at its callers", a_router("cart", (8081, "grpc"))),
    ("a service's provider clashes at its callers", a_service("catalog.shop.local", node="web2")),
    ("a service's provider is ambiguous for a gateway", a_service("web.shop.local", node="two")),
    ("a gateway's listener is another for its routes", a_gateway("front", (8088, "grpc"))),
    ("a route shadows its sisters", a_route("cart", "a", {"cart-v1": 1})),
    ("a backend is there at last", a_service("late", node="catalog")),
]


@pytest.mark.parametrize(
    "changed", [case[1] for case in NEAR_AND_FAR], ids=[case[0] for case in NEAR_AND_FAR]
)
def test_a_change_is_checked_wherever_it_is_felt(changed: Resource) -> None:
    start = shop_with(
        a_node("web2", (8080, "http2")), a_node("two", 1, 2), a_node("other", backends=("late",))
    )
    after = relink(link(start), {changed.key: changed})
    assert after.problems == link([*start, changed]).problems
    assert (after.problems != link(start).problems) == (changed.key.mesh == MESH)


def test_the_shop_links_without_problems() -> None:
    assert link(shop_mesh()).problems == ()


def test_nothing_changes_when_nothing_is_changed() -> None:
    graph = link(shop_mesh())
    assert relink(graph, {}) is graph
    assert relink(graph, {CART_V1: graph.get(CART_V1)}) is graph
    assert relink(graph, {key(NODE, "never-was"): None}) is graph


def test_equal_resources_make_equal_graphs() -> None:
    assert link(shop_mesh()) == link(reversed(shop_mesh()))
    assert link(shop_mesh()) != link(shop_mesh(v1=90, v2=10))


def test_of_two_resources_with_one_key_the_last_counts() -> None:
    graph = link([a_node("cart", 80), a_node("cart", 90)])
    spec = graph.node(MESH, "cart")
    assert spec is not None
    assert [listener.port_mapping.port for listener in spec.listeners or ()] == [90]


def test_specs_are_found_by_mesh_and_name_and_kind() -> None:
    graph = link(shop_mesh())
    assert graph.node(MESH, "cart-v1") is not None
    assert graph.service(MESH, "cart.shop.local") is not None
    assert graph.router(MESH, "cart") is not None
    assert graph.gateway(MESH, "front") is not None
    assert graph.node(MESH, "cart") is None
    assert graph.service(MESH, "cart") is None
    assert graph.router(MESH, "front") is None
    assert graph.gateway("lab", "front") is None


def test_a_mesh_that_is_not_there_has_the_empty_specification() -> None:
    graph = link([a_mesh("lab", allow_all=True)])
    assert graph.mesh_spec("lab").egress_filter is not None
    assert graph.mesh_spec("shop") == MeshSpec()


def test_routes_come_in_matching_order_whatever_order_they_were_added_in() -> None:
    routes = [
        a_route("cart", "all", {"cart-v1": 1}),
        a_route("cart", "beta", {"cart-v2": 1}, match={"prefix": "/beta"}),
        a_route("cart", "first", {"cart-v2": 1}, match={"prefix": "/x"}, priority=0),
    ]
    for order in (routes, routes[::-1]):
        graph = link([a_router("cart", 80)])
        for route in order:
            graph = relink(graph, {route.key: route})
        assert [route.key.name for route in graph.routes(CART)] == ["first", "beta", "all"]


def test_routes_are_known_even_when_their_router_is_not() -> None:
    route = a_route("cart", "all", {"cart-v1": 1})
    assert link([route]).routes(CART) == (route,)


@settings(max_examples=50)
@given(edits())
def test_routes_are_sorted_by_their_order(changes: Changes) -> None:
    graph = relink(EMPTY, changes)
    for each in all_keys():
        routes, gateway_routes = graph.routes(each), graph.gateway_routes(each)
        if routes and isinstance(routes[0].spec, RouteSpec):
            assert list(routes) == sorted(routes, key=route_order)
        elif gateway_routes:
            assert list(gateway_routes) == sorted(gateway_routes, key=gateway_route_order)


DEPENDENTS: list[tuple[str, ResourceKey, set[ResourceKey]]] = [
    ("a route affects the callers of its service", CART_ALL, {WEB}),
    ("a router affects the callers of its service", CART, {WEB}),
    ("a service affects its callers", key(SERVICE, "cart.shop.local"), {WEB}),
    ("a target affects itself and the callers", CART_V2, {CART_V2, WEB}),
    (
        "a provider affects itself and the callers",
        key(NODE, "catalog"),
        {key(NODE, "catalog"), WEB},
    ),
    ("a node called by a gateway affects both", WEB, {WEB, FRONT}),
    ("a service behind a gateway affects the gateway", key(SERVICE, "web.shop.local"), {FRONT}),
    ("a gateway route affects its gateway", key(Kind.GATEWAY_ROUTE, "web", "front"), {FRONT}),
    ("a gateway affects itself", FRONT, {FRONT}),
    (
        "a mesh affects every node and gateway in it",
        ResourceKey.of_mesh(MESH),
        {WEB, CART_V1, CART_V2, FRONT, key(NODE, "catalog"), key(NODE, "payments")},
    ),
    ("an unknown name affects nothing", key(SERVICE, "unheard-of"), set()),
]


@pytest.mark.parametrize(
    ("changed", "proxies"), [case[1:] for case in DEPENDENTS], ids=[case[0] for case in DEPENDENTS]
)
def test_dependents(changed: ResourceKey, proxies: set[ResourceKey]) -> None:
    assert link(shop_mesh()).dependents([changed]) == proxies


def test_a_mesh_does_not_affect_the_nodes_of_another() -> None:
    graph = link([*shop_mesh(), a_mesh("lab"), a_node("rat", 80, mesh="lab")])
    assert graph.dependents([ResourceKey.of_mesh("lab")]) == {
        ResourceKey.parse("mesh/lab/virtualNode/rat")
    }


def test_dependents_are_found_through_a_resource_that_is_gone() -> None:
    graph = link(shop_with(without=[CART]))
    assert graph.dependents([CART]) == {WEB}
    assert graph.dependents([CART_V1]) == {CART_V1, WEB}


def test_a_removed_reference_is_seen_in_the_graph_before() -> None:
    before = link(shop_mesh())
    after = relink(before, {CART_ALL: a_route("cart", "all", {"cart-v1": 1})})
    assert before.dependents([CART_V2]) == {CART_V2, WEB}
    assert after.dependents([CART_V2]) == {CART_V2}


def test_dependents_end_where_services_call_in_a_circle() -> None:
    graph = link(
        [
            a_mesh(),
            a_service("a", node="a"),
            a_service("b", node="b"),
            a_node("a", 80, backends=("b",)),
            a_node("b", 81, backends=("a",)),
        ]
    )
    assert graph.problems == ()
    assert graph.dependents([key(NODE, "a")]) == {key(NODE, "a"), key(NODE, "b")}


def test_a_caller_of_a_caller_is_not_affected() -> None:
    graph = link(shop_with(a_gateway_route("front", "web", "web.shop.local")))
    assert FRONT not in graph.dependents([CART_ALL])


def test_a_change_checks_only_what_is_near_it() -> None:
    """Findings of what is far from a change are the very same objects after it."""
    graph = link(shop_with(a_node("web", 8080, backends=("nobody",)), without=[CART_V2]))
    changed = a_node("payments", (9091, "tcp"))
    after = relink(graph, {changed.key: changed})
    assert after._findings[WEB] is graph._findings[WEB]
    assert after._findings[CART_ALL] is graph._findings[CART_ALL]
    assert after._referrers is graph._referrers
    assert after._children is graph._children


REPORT = """
from mesh.linking import link
from tests.support.mesh_strategies import dense_mesh
from tests.support.meshes import a_route, a_service
broken = [a_service("b", node="bb"), a_route("a", "c", {"x": 1, "aa": 1}), a_service("c", node="a")]
graph = link([*dense_mesh(), *broken])
print([str(problem) for problem in graph.problems])
print([[str(route.key) for route in graph.routes(key)] for key in sorted(graph.resources)])
"""


def test_what_is_reported_does_not_depend_on_the_hash_seed() -> None:
    root = Path(__file__).parents[3]
    reports = {
        subprocess.run(
            [sys.executable, "-c", REPORT],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(reports) == 1
    assert b"dangling-reference" in reports.pop()
