"""Rules of routes: the router, the nodes and the ports they name exist and speak one protocol."""

from collections.abc import Iterator

from mesh.finding import Finding
from mesh.keys import Kind, ResourceKey
from mesh.linked import MeshGraph
from mesh.matching import match_port, route_match
from mesh.ports import listener_at, resource_ports, target_listener
from mesh.protocols import route_field, route_protocol
from mesh.references import parent_of, weighted_targets
from mesh.resource import Resource, Steps
from mesh.rules.port import check_port
from mesh.rules.wording import dangling, error, kind_words, phrase
from mesh.spec import RouteSpec, VirtualRouterSpec
from mesh.spec.route import WeightedTarget


def check_route(graph: MeshGraph, resource: Resource, spec: RouteSpec) -> Iterator[Finding]:
    """Yield what is wrong between a route, its router and its targets."""
    yield from _router(graph, resource, spec)
    for index, target in enumerate(weighted_targets(spec)):
        steps = ("spec", route_field(spec), "action", "weightedTargets", index)
        yield from _target(graph, resource, spec, target, steps)


def _router(graph: MeshGraph, resource: Resource, spec: RouteSpec) -> Iterator[Finding]:
    wanted = parent_of(resource.key)
    router = graph.get(wanted) if wanted is not None else None
    if wanted is None or router is None or not isinstance(router.spec, VirtualRouterSpec):
        if wanted is not None:
            yield dangling(resource, (wanted.kind.name_field,), wanted)
        return
    port = match_port(route_match(spec))
    place = ("spec", route_field(spec), "match", "port")
    yield from check_port(resource, place, port, wanted, resource_ports(router))
    listener = listener_at(router.spec.listeners or (), port)
    if listener is not None:
        yield from _protocol(resource, spec, place[:2], wanted, listener.port_mapping.protocol)


def _target(
    graph: MeshGraph, resource: Resource, spec: RouteSpec, target: WeightedTarget, steps: Steps
) -> Iterator[Finding]:
    wanted = ResourceKey.of(Kind.VIRTUAL_NODE, resource.key.mesh, target.virtual_node)
    node = graph.get(wanted)
    place = (*steps, "virtualNode")
    if node is None:
        yield dangling(resource, place, wanted)
        return
    ports = resource_ports(node)
    if not ports:
        yield error(
            resource,
            place,
            "no-listener",
            f"{phrase(wanted)} has no listener, so it cannot take traffic",
            "give the node a listener, or take it out of the targets",
        )
    yield from check_port(resource, (*steps, "port"), target.port, wanted, ports)
    listener = target_listener(graph, resource.key.mesh, target)
    if listener is not None:
        yield from _protocol(resource, spec, place, wanted, listener.port_mapping.protocol)


def _protocol(
    resource: Resource, spec: RouteSpec, place: Steps, owner: ResourceKey, listens: str
) -> Iterator[Finding]:
    # User Guide, "Routes": the protocol must match the router's listener and the node's. With
    # others App Mesh's answers were unpredictable (aws-app-mesh-roadmap#82).
    speaks = route_protocol(spec)
    if listens != speaks:
        yield error(
            resource,
            place,
            "protocol-mismatch",
            f"the route is for {speaks}, but the listener of {phrase(owner)} is for {listens}",
            f"write it as {listens}Route, or change the protocol of the {kind_words(owner.kind)}",
        )
