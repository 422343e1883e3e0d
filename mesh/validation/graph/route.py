"""Rules for routes: router, nodes and ports exist and are compatible."""

from collections.abc import Iterator

from mesh.graph.finding import Finding, dangling, error, phrase, warning
from mesh.graph.matching import match_port, route_match
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import listener_at, resource_ports, target_listener
from mesh.graph.protocols import can_answer, can_take, route_field, route_protocol
from mesh.graph.references import parent_of, weighted_targets
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, Steps
from mesh.spec import RouteSpec, VirtualRouterSpec
from mesh.spec.common import PortMapping
from mesh.spec.route import WeightedTarget
from mesh.validation.graph.port import check_port, remedy


def check_route(graph: MeshGraph, resource: Resource, spec: RouteSpec) -> Iterator[Finding]:
    """Yield the problems between a route, its router and its targets."""
    yield from _router(graph, resource, spec)
    for index, target in enumerate(weighted_targets(spec)):
        steps = ("spec", route_field(spec), "action", "weightedTargets", index)
        yield from _target(graph, resource, spec, target, steps)


def _router(graph: MeshGraph, resource: Resource, spec: RouteSpec) -> Iterator[Finding]:
    wanted = parent_of(resource.key)
    router = graph.get(wanted) if wanted is not None else None
    if wanted is None or router is None or not isinstance(router.spec, VirtualRouterSpec):
        if wanted is not None:
            yield dangling(resource, (wanted.kind.name_field,), wanted, graph.settings)
        return
    port = match_port(route_match(spec))
    place = ("spec", route_field(spec), "match", "port")
    protocol = route_protocol(spec)
    yield from check_port(resource, place, port, wanted, resource_ports(router), protocol)
    listener = listener_at(router.spec.listeners or (), port)
    if listener is not None:
        yield from _protocol(resource, place[:2], router, listener.port_mapping, protocol)


def _target(
    graph: MeshGraph, resource: Resource, spec: RouteSpec, target: WeightedTarget, steps: Steps
) -> Iterator[Finding]:
    wanted = ResourceKey.of(Kind.VIRTUAL_NODE, resource.key.mesh, target.virtual_node)
    node = graph.get(wanted)
    place = (*steps, "virtualNode")
    if node is None:
        yield dangling(resource, place, wanted, graph.settings)
        return
    ports = resource_ports(node)
    if not ports:
        yield error(
            resource,
            place,
            "no-listener",
            f"{phrase(wanted)} has no listener, so it cannot receive traffic",
            "give the node a listener, or remove it from the targets",
        )
    protocol, at = route_protocol(spec), (*steps, "port")
    yield from check_port(resource, at, target.port, wanted, ports, protocol, can_answer)
    listener = target_listener(graph, resource.key.mesh, target)
    if listener is not None:
        yield from _protocol(resource, place, node, listener.port_mapping, protocol)


def _protocol(
    resource: Resource, place: Steps, owner: Resource, listener: PortMapping, protocol: str
) -> Iterator[Finding]:
    # User Guide, "Routes": the protocol must match the router's listener and the node's. With a
    # different one App Mesh's answers were unpredictable (aws-app-mesh-roadmap#82); Envoy's are not
    # (docs/decisions/0056).
    if listener.protocol == protocol:
        return
    is_target = owner.key.kind is Kind.VIRTUAL_NODE
    fits = can_answer if is_target else can_take
    message = (
        f"the route is for {protocol}, but the listener of {phrase(owner.key)} is for "
        f"{listener.protocol}"
    )
    hint = remedy(owner.key, resource_ports(owner), listener, protocol)
    if fits(listener.protocol, protocol):
        yield warning(resource, place, "route-protocol-differs", message, hint)
        return
    if can_take(listener.protocol, protocol):
        message += ", which is HTTP/1.1 and loses the trailers that end a gRPC call"
    yield error(resource, place, "protocol-mismatch", message, hint)
