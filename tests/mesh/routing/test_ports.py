"""Resolution of ports to listeners."""

from mesh.graph.ports import (
    backend_services,
    gateway_routes_on,
    listener_at,
    provider,
    routes_on,
    service_ports,
    target_listener,
    targeted_services,
)
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from mesh.spec.route import WeightedTarget
from tests.support.meshes import (
    MESH,
    a_gateway,
    a_gateway_route,
    a_node,
    a_route,
    a_router,
    a_service,
    shop_mesh,
)


def names(resources: tuple[Resource, ...]) -> list[str]:
    return [each.key.name for each in resources]


def target(node: str, port: int | None = None) -> WeightedTarget:
    return WeightedTarget(virtual_node=node, weight=1, port=port)


def test_the_only_listener_is_meant_when_no_port_is_named() -> None:
    graph = link([a_node("one", 80)])
    listener = target_listener(graph, MESH, target("one"))
    assert listener is not None
    assert listener.port_mapping.port == 80


def test_among_several_listeners_the_named_one_is_meant() -> None:
    graph = link([a_node("two", 80, (90, "grpc"))])
    listener = target_listener(graph, MESH, target("two", 90))
    assert listener is not None
    assert listener.port_mapping.protocol == "grpc"


def test_no_listener_is_meant_where_it_is_not_certain() -> None:
    graph = link([a_node("two", 80, 90), a_node("none")])
    assert target_listener(graph, MESH, target("two")) is None
    assert target_listener(graph, MESH, target("two", 70)) is None
    assert target_listener(graph, MESH, target("none")) is None
    assert target_listener(graph, MESH, target("missing", 80)) is None
    assert listener_at((), None) is None


def test_callers_dial_the_listeners_of_the_router() -> None:
    graph = link([a_service("s", router="r"), a_router("r", 80, (90, "tcp"))])
    assert [(p.port, p.protocol) for p in service_ports(graph, MESH, "s")] == [
        (80, "http"),
        (90, "tcp"),
    ]


def test_callers_dial_the_listeners_of_a_node_that_provides() -> None:
    graph = link([a_service("s", node="n"), a_node("n", (81, "http2"))])
    assert [(p.port, p.protocol) for p in service_ports(graph, MESH, "s")] == [(81, "http2")]


def test_nobody_dials_a_service_without_provider() -> None:
    graph = link([a_service("idle"), a_service("broken", node="gone"), a_router("broken", 80)])
    assert service_ports(graph, MESH, "idle") == ()
    assert service_ports(graph, MESH, "broken") == ()
    assert service_ports(graph, MESH, "unheard-of") == ()


def test_the_provider_is_a_node_or_a_router() -> None:
    graph = link(shop_mesh())
    for service, kind in (("cart", Kind.VIRTUAL_ROUTER), ("catalog", Kind.VIRTUAL_NODE)):
        found = provider(graph, ResourceKey.of(Kind.VIRTUAL_SERVICE, MESH, f"{service}.shop.local"))
        assert found is graph.get(ResourceKey.of(kind, MESH, service))
    assert provider(graph, ResourceKey.of(Kind.VIRTUAL_NODE, MESH, "web")) is None


ROUTER = ResourceKey.of(Kind.VIRTUAL_ROUTER, MESH, "r")
GATEWAY = ResourceKey.of(Kind.VIRTUAL_GATEWAY, MESH, "g")


def test_a_route_without_port_serves_the_only_listener() -> None:
    graph = link([a_router("r", 80), a_route("r", "a", {"n": 1})])
    assert names(routes_on(graph, ROUTER, 80)) == ["a"]
    assert routes_on(graph, ROUTER, 81) == ()


def test_routes_with_ports_serve_their_listener_in_matching_order() -> None:
    graph = link(
        [
            a_router("r", 80, 90),
            a_route("r", "all", {"n": 1}, match={"prefix": "/", "port": 80}),
            a_route("r", "beta", {"n": 1}, match={"prefix": "/beta", "port": 80}),
            a_route("r", "admin", {"n": 1}, match={"prefix": "/", "port": 90}),
            a_route("r", "unclear", {"n": 1}),
            a_route("r", "nowhere", {"n": 1}, match={"prefix": "/", "port": 70}),
        ]
    )
    assert names(routes_on(graph, ROUTER, 80)) == ["beta", "all"]
    assert names(routes_on(graph, ROUTER, 90)) == ["admin"]
    assert routes_on(graph, ROUTER, 70) == ()


def test_gateway_routes_serve_their_listener() -> None:
    graph = link(
        [
            a_gateway("g", 80, 90),
            a_gateway_route("g", "a", "s", match={"prefix": "/", "port": 80}),
            a_gateway_route("g", "b", "s", match={"prefix": "/", "port": 90}),
            a_gateway_route("g", "unclear", "s"),
        ]
    )
    assert names(gateway_routes_on(graph, GATEWAY, 80)) == ["a"]
    assert names(gateway_routes_on(graph, GATEWAY, 90)) == ["b"]


def test_backends_come_as_declared_once_each_and_only_if_they_exist() -> None:
    node = a_node("n", backends=("z", "gone", "a", "z"))
    graph = link([node, a_service("a"), a_service("z")])
    assert names(backend_services(graph, node.key)) == ["z", "a"]
    assert backend_services(graph, ROUTER) == ()


def test_a_gateway_calls_the_services_its_routes_lead_to() -> None:
    graph = link(
        [
            a_gateway("g", 80),
            a_service("z"),
            a_service("a"),
            a_service("other"),
            *(a_gateway_route("g", f"to-{s}", s) for s in ("z", "a", "gone")),
            a_gateway_route("g", "again", "z", match={"prefix": "/again"}),
        ]
    )
    assert names(targeted_services(graph, GATEWAY)) == ["a", "z"]
