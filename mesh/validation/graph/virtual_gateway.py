"""Rules for virtual gateways: routes are reachable, and Envoy can distinguish their services."""

from collections.abc import Iterator

from mesh.graph.finding import Finding, error
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import gateway_routes_on
from mesh.graph.protocols import route_field
from mesh.graph.references import gateway_target
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec, VirtualGatewaySpec
from mesh.validation.graph.shadow import check_shadows


def check_gateway(
    graph: MeshGraph, resource: Resource, spec: VirtualGatewaySpec
) -> Iterator[Finding]:
    """Yield the problems between a virtual gateway's routes."""
    for port in sorted({listener.port_mapping.port for listener in spec.listeners}):
        yield from check_shadows(gateway_routes_on(graph, resource.key, port))
    yield from _indistinct(graph.gateway_routes(resource.key))


def _indistinct(routes: tuple[Resource, ...]) -> Iterator[Finding]:
    # A gateway sends every request through itself a second time. There, Envoy finds the virtual
    # service by its name in the Host header, without regard to case.
    first: dict[str, str] = {}
    for route in sorted(routes, key=lambda each: each.key):
        if not isinstance(route.spec, GatewayRouteSpec):
            continue
        name = gateway_target(route.spec).virtual_service.virtual_service_name
        other = first.setdefault(name.lower(), name)
        if other != name:
            field = route_field(route.spec)
            place = ("spec", field, "action", "target", "virtualService", "virtualServiceName")
            yield error(
                route,
                place,
                "indistinct-backends",
                f'Envoy cannot distinguish virtual service "{name}" from "{other}": host names '
                "ignore case",
                "rename one of the two, or target only one of them from this gateway",
            )
