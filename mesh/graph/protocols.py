"""Protocols of routes: the field that determines one, and the listeners that support it."""

from mesh.spec.common import Protocol
from mesh.spec.gateway_route import GatewayRouteSpec
from mesh.spec.route import RouteSpec


def route_protocol(spec: RouteSpec | GatewayRouteSpec) -> Protocol:
    """Return the protocol of a route or gateway route: ``http2`` if ``http2Route`` is set."""
    if spec.grpc_route is not None:
        return "grpc"
    if spec.http2_route is not None:
        return "http2"
    return "http" if spec.http_route is not None else "tcp"


def route_field(spec: RouteSpec | GatewayRouteSpec) -> str:
    """Return the field of the document that contains the route: ``http2Route``."""
    return f"{route_protocol(spec)}Route"


def can_take(listener: str, route: str) -> bool:
    """Return whether a listener with one protocol can receive requests for a route of another.

    Envoy translates between HTTP/1.1, HTTP/2 and gRPC, but not between these and TCP.
    """
    return (listener == "tcp") == (route == "tcp")


def can_answer(listener: str, route: str) -> bool:
    """Return whether a target's listener with one protocol can serve a route of another.

    A gRPC call ends with trailers, which a listener for HTTP/1.1 does not receive.
    """
    return can_take(listener, route) and not (listener == "http" and route == "grpc")
