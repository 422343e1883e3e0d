"""The protocol of a route, and the field of its spec that says so."""

from mesh.spec.common import Protocol
from mesh.spec.gateway_route import GatewayRouteSpec
from mesh.spec.route import RouteSpec


def route_protocol(spec: RouteSpec | GatewayRouteSpec) -> Protocol:
    """Return the protocol of a route or gateway route: ``http2`` where ``http2Route`` is set."""
    if spec.grpc_route is not None:
        return "grpc"
    if spec.http2_route is not None:
        return "http2"
    return "http" if spec.http_route is not None else "tcp"


def route_field(spec: RouteSpec | GatewayRouteSpec) -> str:
    """Return the field of the document that holds the route: ``http2Route``."""
    return f"{route_protocol(spec)}Route"
