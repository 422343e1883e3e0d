"""The topology of a linked mesh, with every vertex and edge."""

from collections.abc import Iterable, Iterator

from gitmesh.topology.match_text import match_text
from gitmesh.topology.model import Edge, Relation, Row, Topology, Vertex, Weight, topology
from mesh.graph.matching import route_match
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import backend_names, gateway_target, provider_key, weighted_targets
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec, RouteSpec, VirtualNodeSpec, VirtualServiceSpec

DRAWN = (
    Kind.VIRTUAL_GATEWAY,
    Kind.VIRTUAL_SERVICE,
    Kind.VIRTUAL_ROUTER,
    Kind.VIRTUAL_NODE,
)
"""Kinds that are vertices. Routes and gateway routes are rows of theirs."""


def mesh_topology(graph: MeshGraph) -> Topology:
    """Return the topology of all meshes in a graph.

    What is referred to but missing is a vertex that does not exist. The mesh may have problems.
    """
    drawn = [each for key, each in graph.resources.items() if key.kind in DRAWN]
    edges = [edge for resource in drawn for edge in _edges(graph, resource)]
    missing = {edge.target for edge in edges} - graph.resources.keys()
    vertices = [Vertex(each.key, tuple(_rows(_routes(graph, each.key)))) for each in drawn]
    vertices += [Vertex(key, exists=False) for key in missing]
    return topology(iter(vertices), iter(edges))


def _routes(graph: MeshGraph, key: ResourceKey) -> tuple[Resource, ...]:
    if key.kind is Kind.VIRTUAL_ROUTER:
        return graph.routes(key)
    return graph.gateway_routes(key) if key.kind is Kind.VIRTUAL_GATEWAY else ()


def _rows(routes: Iterable[Resource]) -> Iterator[Row]:
    for route in routes:
        if isinstance(route.spec, RouteSpec | GatewayRouteSpec):
            yield Row(route.key, match_text(route_match(route.spec)))


def _edges(graph: MeshGraph, resource: Resource) -> Iterator[Edge]:
    key = resource.key
    match resource.spec:
        case VirtualServiceSpec() as spec:
            provider = provider_key(key.mesh, spec)
            if provider is not None:
                yield Edge(key, provider, Relation.PROVIDER)
        case VirtualNodeSpec() as spec:
            for name in backend_names(spec):
                service = ResourceKey.of(Kind.VIRTUAL_SERVICE, key.mesh, name)
                yield Edge(key, service, Relation.BACKEND)
        case _:
            for route in _routes(graph, key):
                yield from _of_route(key, route)


def _of_route(parent: ResourceKey, route: Resource) -> Iterator[Edge]:
    match route.spec:
        case RouteSpec() as spec:
            yield from _of_targets(parent, route.key, spec)
        case GatewayRouteSpec() as spec:
            target = gateway_target(spec)
            name = target.virtual_service.virtual_service_name
            service = ResourceKey.of(Kind.VIRTUAL_SERVICE, parent.mesh, name)
            yield Edge(parent, service, Relation.GATEWAY_ROUTE, route.key, target.port)
        case _:
            pass


def _of_targets(router: ResourceKey, route: ResourceKey, spec: RouteSpec) -> Iterator[Edge]:
    targets = weighted_targets(spec)
    total = sum(each.weight for each in targets)
    weights: dict[tuple[str, int | None], int] = {}
    for each in targets:
        at = each.virtual_node, each.port
        weights[at] = weights.get(at, 0) + each.weight
    for (name, port), weight in weights.items():
        node = ResourceKey.of(Kind.VIRTUAL_NODE, router.mesh, name)
        share = 100 * weight / total if total else 0.0
        yield Edge(router, node, Relation.TARGET, route, port, Weight(share, share))
