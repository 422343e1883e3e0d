"""Resolution of ports to listeners, for the linker and the translator.

Ports are optional wherever App Mesh can infer them: a target, a match or a gateway route without a
port means the only listener. If there are several listeners, the port is required (User Guide,
*Multiple listeners*). The validation rules report a missing port; the functions here return None or
nothing for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from mesh.graph.matching import match_port, route_match
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import backend_names, gateway_target, provider_key, weighted_targets
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from mesh.spec import (
    GatewayRouteSpec,
    RouteSpec,
    VirtualGatewaySpec,
    VirtualNodeSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
)
from mesh.spec.common import GatewayPortMapping, PortMapping
from mesh.spec.route import WeightedTarget
from mesh.spec.virtual_gateway import VirtualGatewayListener
from mesh.spec.virtual_node import Listener


class Mapped(Protocol):
    """Any listener: of a virtual node, a virtual router or a virtual gateway."""

    @property
    def port_mapping(self) -> PortMapping | GatewayPortMapping:
        """The port and its protocol."""


AnyListener = TypeVar("AnyListener", bound=Mapped)


def listener_at(listeners: Sequence[AnyListener], port: int | None) -> AnyListener | None:
    """Return the listener on that port; without a port, the only listener; else None."""
    if port is None:
        return listeners[0] if len(listeners) == 1 else None
    return next((each for each in listeners if each.port_mapping.port == port), None)


def node_listeners(graph: MeshGraph, mesh: str, node: str) -> tuple[Listener, ...]:
    """Return the listeners of a virtual node; empty if it does not exist."""
    spec = graph.node(mesh, node)
    return (spec.listeners or ()) if spec is not None else ()


def target_listener(graph: MeshGraph, mesh: str, target: WeightedTarget) -> Listener | None:
    """Return the listener that a weighted target means, or None if it does not mean exactly one
    listener."""
    return listener_at(node_listeners(graph, mesh, target.virtual_node), target.port)


def usable_targets(graph: MeshGraph, mesh: str, route: RouteSpec) -> tuple[WeightedTarget, ...]:
    """Return the targets of a route; none if a target with a weight does not exist.

    While a target is missing, the route answers no request: its share is not given to the other
    targets.
    """
    targets = weighted_targets(route)
    missing = any(each.weight and graph.node(mesh, each.virtual_node) is None for each in targets)
    return () if missing else targets


def is_unresolved(graph: MeshGraph, service: ResourceKey) -> bool:
    """Return whether a virtual service, or the provider that it names, does not exist."""
    resource = graph.get(service)
    if resource is None or not isinstance(resource.spec, VirtualServiceSpec):
        return True
    key = provider_key(service.mesh, resource.spec)
    return key is not None and graph.get(key) is None


def provider(graph: MeshGraph, service: ResourceKey) -> Resource | None:
    """Return the virtual node or router that provides a virtual service, or None."""
    resource = graph.get(service)
    if resource is None or not isinstance(resource.spec, VirtualServiceSpec):
        return None
    key = provider_key(service.mesh, resource.spec)
    return None if key is None else graph.get(key)


def resource_ports(resource: Resource) -> tuple[PortMapping, ...]:
    """Return the listener ports of a virtual node or virtual router, in declared order."""
    match resource.spec:
        case VirtualNodeSpec() | VirtualRouterSpec() as spec:
            return tuple(listener.port_mapping for listener in spec.listeners or ())
        case _:
            return ()


def service_ports(graph: MeshGraph, mesh: str, service: str) -> tuple[PortMapping, ...]:
    """Return the ports on which callers reach a virtual service, in declared order.

    They are the listener ports of its provider: the virtual router, or the virtual node. The result
    is empty if the service is missing or has no provider.
    """
    found = provider(graph, ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, service))
    return () if found is None else resource_ports(found)


def routes_on(graph: MeshGraph, router: ResourceKey, port: int) -> tuple[Resource, ...]:
    """Return the routes that serve a listener port of a virtual router, in matching order."""
    ports = _router_ports(graph, router)
    return tuple(
        route
        for route in graph.routes(router)
        if isinstance(route.spec, RouteSpec)
        and _serves(match_port(route_match(route.spec)), port, ports)
    )


def gateway_routes_on(graph: MeshGraph, gateway: ResourceKey, port: int) -> tuple[Resource, ...]:
    """Return the gateway routes that serve a listener port of a gateway, in matching order."""
    ports = [listener.port_mapping.port for listener in gateway_listeners(graph, gateway)]
    return tuple(
        route
        for route in graph.gateway_routes(gateway)
        if isinstance(route.spec, GatewayRouteSpec)
        and _serves(match_port(route_match(route.spec)), port, ports)
    )


def gateway_listeners(graph: MeshGraph, gateway: ResourceKey) -> tuple[VirtualGatewayListener, ...]:
    """Return the listeners of a virtual gateway; empty if it does not exist."""
    resource = graph.get(gateway)
    if resource is None or not isinstance(resource.spec, VirtualGatewaySpec):
        return ()
    return resource.spec.listeners


def backend_services(graph: MeshGraph, node: ResourceKey) -> tuple[Resource, ...]:
    """Return the existing virtual services that a node calls, without duplicates, as declared."""
    resource = graph.get(node)
    if resource is None or not isinstance(resource.spec, VirtualNodeSpec):
        return ()
    names = dict.fromkeys(backend_names(resource.spec))
    return tuple(_services(graph, node.mesh, names))


def targeted_services(graph: MeshGraph, gateway: ResourceKey) -> tuple[Resource, ...]:
    """Return the existing virtual services that a gateway's routes target, by name."""
    names = {
        gateway_target(route.spec).virtual_service.virtual_service_name
        for route in graph.gateway_routes(gateway)
        if isinstance(route.spec, GatewayRouteSpec)
    }
    return tuple(_services(graph, gateway.mesh, sorted(names)))


def _services(graph: MeshGraph, mesh: str, names: Iterable[str]) -> Iterator[Resource]:
    for name in names:
        service = graph.get(ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, name))
        if service is not None:
            yield service


def _router_ports(graph: MeshGraph, router: ResourceKey) -> list[int]:
    resource = graph.get(router)
    return [] if resource is None else [mapping.port for mapping in resource_ports(resource)]


def _serves(wanted: int | None, port: int, ports: Sequence[int]) -> bool:
    return port in ports and (wanted == port if wanted is not None else len(ports) == 1)
