"""Rules for gateway routes: gateway, service and ports exist and are compatible."""

from collections.abc import Iterator

from mesh.graph.finding import Finding, dangling, error, phrase, warning
from mesh.graph.matching import match_port, route_match
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import gateway_listeners, listener_at, provider, service_ports
from mesh.graph.protocols import can_take, route_field, route_protocol
from mesh.graph.references import gateway_target, parent_of
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource, Steps
from mesh.spec import GatewayRouteSpec, VirtualServiceSpec
from mesh.spec.common import PortMapping
from mesh.validation.graph.port import check_port, fitting_ports, remedy


def check_gateway_route(
    graph: MeshGraph, resource: Resource, spec: GatewayRouteSpec
) -> Iterator[Finding]:
    """Yield the problems between a gateway route, its gateway and its virtual service."""
    yield from _gateway(graph, resource, spec)
    yield from _service(graph, resource, spec)


def _gateway(graph: MeshGraph, resource: Resource, spec: GatewayRouteSpec) -> Iterator[Finding]:
    wanted = parent_of(resource.key)
    if wanted is None:
        return
    if graph.get(wanted) is None:
        yield dangling(resource, (wanted.kind.name_field,), wanted, graph.settings)
        return
    listeners = gateway_listeners(graph, wanted)
    port = match_port(route_match(spec))
    place = ("spec", route_field(spec), "match", "port")
    mappings = tuple(listener.port_mapping for listener in listeners)
    protocol = route_protocol(spec)
    yield from check_port(resource, place, port, wanted, mappings, protocol)
    listener = listener_at(listeners, port)
    if listener is not None and listener.port_mapping.protocol != protocol:
        # App Mesh's documentation does not forbid it, and Envoy supports it: with HTTP/2 it makes
        # no difference whether the route is an http or an http2 route.
        yield warning(
            resource,
            place[:2],
            "gateway-protocol-differs",
            f"the gateway route is for {protocol}, but the listener of "
            f"{phrase(wanted)} is for {listener.port_mapping.protocol}",
            remedy(wanted, mappings, listener.port_mapping, protocol),
        )


def _service(graph: MeshGraph, resource: Resource, spec: GatewayRouteSpec) -> Iterator[Finding]:
    target = gateway_target(spec)
    name = target.virtual_service.virtual_service_name
    wanted = ResourceKey.of(Kind.VIRTUAL_SERVICE, resource.key.mesh, name)
    steps = ("spec", route_field(spec), "action", "target")
    place = (*steps, "virtualService", "virtualServiceName")
    service = graph.get(wanted)
    if service is None or not isinstance(service.spec, VirtualServiceSpec):
        yield dangling(resource, place, wanted, graph.settings)
        return
    if service.spec.provider is None:
        yield warning(
            resource,
            place,
            "no-provider",
            f"{phrase(wanted)} has no provider: requests are answered with 404",
            "give the virtual service a virtual node or a virtual router as provider",
        )
        return
    owner = provider(graph, wanted)
    if owner is not None:
        ports = service_ports(graph, resource.key.mesh, name)
        at, protocol = (*steps, "port"), route_protocol(spec)
        yield from check_port(resource, at, target.port, owner.key, ports, protocol)
        yield from _spoken(resource, place, owner.key, wanted, target.port, ports, protocol)


def _spoken(
    resource: Resource,
    place: Steps,
    owner: ResourceKey,
    service: ResourceKey,
    port: int | None,
    ports: tuple[PortMapping, ...],
    protocol: str,
) -> Iterator[Finding]:
    meant = [mapping for mapping in ports if port in (None, mapping.port)]
    if len(meant) != 1 or can_take(meant[0].protocol, protocol):
        return
    other = next(iter(fitting_ports(ports, protocol)), None)
    yield error(
        resource,
        place,
        "protocol-mismatch",
        f"{phrase(service)} uses tcp on port {meant[0].port}, which gateways do not support",
        f"set port: {other} in the target"
        if other is not None
        else f"give {phrase(owner)} a listener for http, http2 or grpc",
    )
