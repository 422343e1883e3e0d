"""What a topology holds of a mesh, and what is selected from it."""

import pytest

from gitmesh.topology.comparison import compared, differing
from gitmesh.topology.grouping import grouped
from gitmesh.topology.labels import label
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Mark, Relation, Topology
from gitmesh.topology.neighbourhood import neighbourhood, vertex_of
from gitmesh.topology.search import found
from gitmesh.topology.services import by_service
from gitmesh.topology.view import Detail, view_around, whole_view
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
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

CART = ResourceKey.of(Kind.VIRTUAL_SERVICE, MESH, "cart.shop.local")


def shop() -> Topology:
    return mesh_topology(link(shop_mesh(v1=90, v2=10)))


def names(whole: Topology) -> set[str]:
    return {f"{each.kind.segment} {each.key.name}" for each in whole.vertices}


def arrows(whole: Topology) -> set[str]:
    return {
        f"{e.source.name} -{e.relation.value}> {e.target.name} {label(e)}".rstrip()
        for e in whole.edges
    }


def test_edges_are_the_ways_of_requests() -> None:
    assert arrows(shop()) == {
        "front -gateway route> web.shop.local",
        "web.shop.local -provider> web",
        "web -backend> cart.shop.local",
        "web -backend> catalog.shop.local",
        "web -backend> payments.shop.local",
        "cart.shop.local -provider> cart",
        "cart -target> cart-v1 90 %",
        "cart -target> cart-v2 10 %",
        "catalog.shop.local -provider> catalog",
        "payments.shop.local -provider> payments",
        "payments -target> payments 100 %",
    }


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ({"a": 1, "b": 2}, ["33.3 %", "66.7 %"]),
        ({"a": 0, "b": 0}, ["0 %", "0 %"]),
        ({"a": 100, "b": 100}, ["50 %", "50 %"]),
    ],
)
def test_weights_are_shares_of_their_sum(weights: dict[str, int], shares: list[str]) -> None:
    mesh = [a_router("r", 80), a_route("r", "all", weights), a_node("a", 80), a_node("b", 80)]
    assert [label(edge) for edge in mesh_topology(link(mesh)).edges] == shares


def test_targets_at_two_ports_of_a_node_are_two_edges() -> None:
    both: list[JsonObject] = [{"virtualNode": "a", "weight": 1, "port": port} for port in (80, 90)]
    mesh = [a_router("r", 80), a_route("r", "all", both), a_node("a", 80, 90)]
    assert [label(edge) for edge in mesh_topology(link(mesh)).edges] == ["50 % :80", "50 % :90"]


def test_what_is_referred_to_and_missing_is_a_vertex_that_does_not_exist() -> None:
    whole = mesh_topology(link([a_node("web", 80, backends=("gone.local",))]))
    assert [(v.key.name, v.exists) for v in whole.vertices] == [
        ("web", True),
        ("gone.local", False),
    ]


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ({"prefix": "/cart"}, "/cart"),
        ({"path": {"exact": "/a"}, "method": "GET"}, "GET = /a"),
        ({"path": {"regex": "/a.*"}}, "~ /a.*"),
        (
            {"prefix": "/", "headers": [{"name": "x", "invert": True}], "port": 80},
            "/ + no header x + port 80",
        ),
        ({"prefix": "/", "queryParameters": [{"name": "q"}]}, "/ + query q"),
        ({"prefix": "/", "scheme": "https"}, "https /"),
    ],
)
def test_a_route_shows_its_match_in_short(match: dict[str, object], text: str) -> None:
    route = a_route("r", "all", {"a": 1}, match=match)  # type: ignore[arg-type]
    (vertex,) = (v for v in mesh_topology(link([a_router("r", 80), route])).vertices if v.rows)
    assert [row.match for row in vertex.rows] == [text]


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ({"hostname": {"suffix": ".example"}, "prefix": "/"}, "*.example /"),
        ({"hostname": {"exact": "a.example"}, "method": "GET", "prefix": "/"}, "GET a.example /"),
    ],
)
def test_a_gateway_route_shows_its_host(match: dict[str, object], text: str) -> None:
    route = a_gateway_route("g", "all", "a", match=match)  # type: ignore[arg-type]
    (vertex,) = (v for v in mesh_topology(link([a_gateway("g", 80), route])).vertices if v.rows)
    assert [row.match for row in vertex.rows] == [text]


def test_grpc_and_tcp_routes_show_their_match() -> None:
    called: dict[str, object] = {"serviceName": "shop.Cart", "methodName": "Get"}
    mesh = [
        a_router("r", (80, "grpc")),
        a_route("r", "a", {"a": 1}, protocol="grpc", match=called),  # type: ignore[arg-type]
        a_route("r", "b", {"a": 1}, protocol="grpc"),
        a_route("r", "c", {"a": 1}, protocol="tcp"),
    ]
    (router,) = (v for v in mesh_topology(link(mesh)).vertices if v.rows)
    assert {row.key.name: row.match for row in router.rows} == {
        "a": "shop.Cart/Get",
        "b": "any call",
        "c": "any",
    }


# ---- neighbourhoods ---------------------------------------------------------------------------


def test_depth_0_shows_a_service_and_what_is_inside() -> None:
    part = neighbourhood(shop(), CART, 0).topology
    assert names(part) == {
        "virtualService cart.shop.local",
        "virtualRouter cart",
        "virtualNode cart-v1",
        "virtualNode cart-v2",
    }
    assert {v.key.name: v.hidden for v in part.vertices if v.hidden} == {"cart.shop.local": 1}


def test_depth_1_shows_callers_and_called_services_without_what_is_inside_them() -> None:
    web = ResourceKey.of(Kind.VIRTUAL_NODE, MESH, "web")
    part = neighbourhood(shop(), web, 1).topology
    assert names(part) == {
        "virtualGateway front",
        "virtualService web.shop.local",
        "virtualNode web",
        "virtualService cart.shop.local",
        "virtualService catalog.shop.local",
        "virtualService payments.shop.local",
    }


def test_a_target_is_shown_beside_the_others_of_its_route() -> None:
    node = ResourceKey.of(Kind.VIRTUAL_NODE, MESH, "cart-v2")
    part = neighbourhood(shop(), node, 1).topology
    assert {"cart -target> cart-v1 90 %", "cart -target> cart-v2 10 %"} <= arrows(part)
    assert "virtualNode web" in names(part)


def test_a_cycle_of_calls_ends() -> None:
    whole = mesh_topology(link(_circle(6)))
    centre = ResourceKey.of(Kind.VIRTUAL_SERVICE, MESH, "s0")
    assert names(neighbourhood(whole, centre, 20).topology) == names(whole)


def test_the_depth_is_reduced_until_a_person_can_read_it() -> None:
    whole = mesh_topology(link(_circle(60)))
    centre = ResourceKey.of(Kind.VIRTUAL_SERVICE, MESH, "s7")
    deep = neighbourhood(whole, centre, 20, most=30)
    assert 1 <= deep.depth < 20
    assert len(deep.topology.vertices) <= 30


def test_of_a_gateway_that_calls_only_the_rows_that_lead_to_the_centre_are_shown() -> None:
    mesh = [
        a_gateway("front", 80),
        *(a_gateway_route("front", f"r{n}", f"s{n}", match={"prefix": f"/{n}"}) for n in range(9)),
        *(a_service(f"s{n}", node=f"n{n}") for n in range(9)),
        *(a_node(f"n{n}", 80) for n in range(9)),
    ]
    centre = ResourceKey.of(Kind.VIRTUAL_SERVICE, MESH, "s3")
    part = neighbourhood(mesh_topology(link(mesh)), centre, 1).topology
    (gateway,) = (v for v in part.vertices if v.kind is Kind.VIRTUAL_GATEWAY)
    assert [row.key.name for row in gateway.rows] == ["r3"]
    assert gateway.hidden == 8


def test_a_route_is_shown_by_its_router() -> None:
    route = ResourceKey.of(Kind.ROUTE, MESH, "all", "cart")
    assert vertex_of(route, shop()) == ResourceKey.of(Kind.VIRTUAL_ROUTER, MESH, "cart")
    other = ResourceKey.of(Kind.ROUTE, MESH, "none", "cart")
    assert vertex_of(other, shop()) is None
    assert view_around(shop(), other, 1) is None


# ---- services and groups -----------------------------------------------------------------------


def test_by_service_only_services_gateways_and_callers_without_a_service_are_left() -> None:
    mesh = shop_with(a_node("batch", backends=("catalog.shop.local",)))
    whole = by_service(mesh_topology(link(mesh)))
    assert names(whole) == {
        "virtualGateway front",
        "virtualService web.shop.local",
        "virtualService cart.shop.local",
        "virtualService catalog.shop.local",
        "virtualService payments.shop.local",
        "virtualNode batch",
    }
    assert {(e.source.name, e.target.name) for e in whole.edges} == {
        ("front", "web.shop.local"),
        ("web.shop.local", "cart.shop.local"),
        ("web.shop.local", "catalog.shop.local"),
        ("web.shop.local", "payments.shop.local"),
        ("batch", "catalog.shop.local"),
    }
    inside = {v.key.name: [key.name for key in v.inside] for v in whole.vertices}
    assert inside["cart.shop.local"] == ["cart-v1", "cart-v2"]


def test_a_node_of_two_services_calls_from_both() -> None:
    mesh = [
        a_service("a", node="n"),
        a_service("b", node="n"),
        a_service("c"),
        a_node("n", 80, backends=("c",)),
    ]
    whole = by_service(mesh_topology(link(mesh)))
    assert {(e.source.name, e.target.name) for e in whole.edges} == {("a", "c"), ("b", "c")}


def test_a_service_is_changed_if_a_weight_inside_it_is() -> None:
    whole = compared(link(shop_mesh(v1=100)), link(shop_mesh(v1=90, v2=10)))
    marks = {v.key.name: v.mark for v in by_service(whole).vertices}
    assert marks["cart.shop.local"] is Mark.CHANGED
    assert marks["web.shop.local"] is Mark.SAME


def test_callers_that_are_alike_are_one_vertex() -> None:
    callers = [a_node(f"caller-{n}", backends=("cart.shop.local",)) for n in range(57)]
    whole = mesh_topology(link([*shop_mesh(), *callers]))
    part = grouped(neighbourhood(whole, CART, 1, most=1000).topology, apart=[CART])
    (group,) = (v for v in part.vertices if v.group)
    assert len(group.group) == 58  # web is one of them
    assert len([e for e in part.edges if e.source == group.key]) == 1


def test_few_that_are_alike_stay_apart_and_so_does_what_has_a_weight() -> None:
    weights = {f"v{n}": 10 for n in range(10)}
    mesh = [a_router("r", 80), a_route("r", "all", weights), *(a_node(n, 80) for n in weights)]
    callers = [a_node(f"caller-{n}", backends=("cart.shop.local",)) for n in range(4)]
    whole = mesh_topology(link([*shop_mesh(), *mesh, *callers]))
    assert grouped(whole) == whole


def test_a_large_mesh_is_shown_by_service_and_a_small_one_whole() -> None:
    assert whole_view(shop()).detail is Detail.FULL
    large = whole_view(mesh_topology(link(big_mesh(100))))
    assert large.detail is Detail.SERVICES
    assert {v.kind for v in large.topology.vertices} == {Kind.VIRTUAL_SERVICE}


# ---- comparisons -------------------------------------------------------------------------------


def test_a_comparison_marks_what_changes_and_keeps_what_goes() -> None:
    catalog = ResourceKey.of(Kind.VIRTUAL_NODE, MESH, "catalog")
    after = shop_with(
        a_route("cart", "all", {"cart-v1": 90, "cart-v2": 10}),
        a_route("cart", "new", {"cart-v2": 1}, match={"prefix": "/new"}),
        a_node("extra", 80),
        without=[catalog],
    )
    whole = compared(link(shop_mesh()), link(after))
    assert {v.key.name: v.mark for v in whole.vertices if v.mark is not Mark.SAME} == {
        "extra": Mark.ADDED,
        "catalog": Mark.REMOVED,
    }
    (router,) = (v for v in whole.vertices if len(v.rows) == 2)
    assert {row.key.name: row.mark for row in router.rows} == {
        "new": Mark.ADDED,
        "all": Mark.CHANGED,
    }
    assert {f"{e.target.name} {label(e)}": e.mark for e in whole.edges if e.weight} == {
        "payments 100 %": Mark.SAME,
        "cart-v1 100 % → 90 %": Mark.CHANGED,
        "cart-v2 0 % → 10 %": Mark.CHANGED,
        "cart-v2 100 %": Mark.ADDED,
    }
    assert {key.name for key in differing(whole)} == {"cart", "catalog", "extra"}


def test_a_removed_route_stays_as_a_row() -> None:
    route = a_route("cart", "old", {"cart-v2": 1}, match={"prefix": "/old"})
    whole = compared(link(shop_with(route)), link(shop_mesh()))
    (router,) = (v for v in whole.vertices if len(v.rows) == 2)
    assert [(row.key.name, row.mark) for row in router.rows] == [
        ("all", Mark.SAME),
        ("old", Mark.REMOVED),
    ]


def test_a_mesh_compared_with_itself_has_no_mark() -> None:
    graph = link(shop_mesh())
    assert compared(graph, graph) == mesh_topology(graph)


def test_what_changes_in_a_large_mesh_is_shown_with_its_context_alone() -> None:
    mesh = big_mesh(200)
    route = a_route("svc-00003", "all", {"svc-00003-v1": 50, "svc-00003-v2": 50})
    changed = [route if each.key == route.key else each for each in mesh]
    view = whole_view(compared(link(mesh), link(changed)))
    assert view.detail is Detail.CHANGES
    shown = {v.key.name for v in view.topology.vertices}
    assert {"svc-00003", "svc-00003.shop.local", "svc-00003-v1", "svc-00003-v2"} <= shown
    assert len(shown) < 20


# ---- search ------------------------------------------------------------------------------------


def test_search_finds_parts_of_names_the_equal_one_first() -> None:
    keys = found(shop(), "CART")
    assert [str(key).removeprefix(f"mesh/{MESH}/") for key in keys] == [
        "virtualRouter/cart",
        "virtualNode/cart-v1",
        "virtualNode/cart-v2",
        "virtualService/cart.shop.local",
        "virtualRouter/cart/route/all",
    ]
    assert found(shop(), "  ") == ()
    assert len(found(shop(), "a", most=2)) == 2


def _circle(size: int) -> list[Resource]:
    """Return services that call one another in a circle."""
    found: list[Resource] = [a_mesh()]
    for n in range(size):
        found.append(a_service(f"s{n}", node=f"n{n}"))
        found.append(a_node(f"n{n}", 80, backends=(f"s{(n + 1) % size}",)))
    return found


def test_a_call_within_a_service_is_an_edge_to_itself() -> None:
    whole = by_service(mesh_topology(link(_circle(1))))
    assert [(e.source.name, e.target.name, e.relation) for e in whole.edges] == [
        ("s0", "s0", Relation.BACKEND)
    ]
