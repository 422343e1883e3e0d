"""Gateway routes: they route requests at a virtual gateway to virtual services."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import Name, OneOf, Port, Spec
from mesh.spec.match import GrpcGatewayRouteMatch, HttpGatewayRouteMatch
from mesh.spec.route import Priority

DefaultRewrite = Literal["ENABLED", "DISABLED"]
Rewritten = Annotated[str, Strict(), Field(min_length=1, max_length=255)]


class GatewayRouteVirtualService(Spec):
    """The virtual service that a gateway route targets."""

    virtual_service_name: Name


class GatewayRouteTarget(Spec):
    """Target of a gateway route; ``port`` selects one of the provider's listeners."""

    port: Port | None = None
    virtual_service: GatewayRouteVirtualService


class HostnameRewrite(Spec):
    """Rewrite of the host to the virtual service's name; on by default, as in App Mesh."""

    default_target_hostname: DefaultRewrite | None = None


class PathRewrite(Spec):
    """Rewrite of the whole path."""

    exact: Rewritten | None = None


class PrefixRewrite(Spec):
    """Rewrite of the matched prefix: to ``/`` by default, or to ``value``."""

    default_prefix: DefaultRewrite | None = None
    value: Rewritten | None = None


class HttpGatewayRouteRewrite(Spec):
    """Rewrites of an HTTP request."""

    hostname: HostnameRewrite | None = None
    path: PathRewrite | None = None
    prefix: PrefixRewrite | None = None


class HttpGatewayRouteAction(Spec):
    """Target and rewrites of an HTTP gateway route."""

    rewrite: HttpGatewayRouteRewrite | None = None
    target: GatewayRouteTarget


class HttpGatewayRoute(Spec):
    """A gateway route for HTTP/1.1 or HTTP/2."""

    action: HttpGatewayRouteAction
    match: HttpGatewayRouteMatch


class GrpcGatewayRouteRewrite(Spec):
    """Rewrites of a gRPC call."""

    hostname: HostnameRewrite | None = None


class GrpcGatewayRouteAction(Spec):
    """Target and rewrites of a gRPC gateway route."""

    rewrite: GrpcGatewayRouteRewrite | None = None
    target: GatewayRouteTarget


class GrpcGatewayRoute(Spec):
    """A gateway route for gRPC."""

    action: GrpcGatewayRouteAction
    match: GrpcGatewayRouteMatch


class GatewayRouteSpec(OneOf):
    """Specification of a gateway route: its priority, and a route for one protocol."""

    choices = ("grpc_route", "http2_route", "http_route")

    grpc_route: GrpcGatewayRoute | None = None
    http2_route: HttpGatewayRoute | None = None
    http_route: HttpGatewayRoute | None = None
    priority: Priority | None = None
