"""Gateway routes: which requests at a virtual gateway go to which virtual service."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import Name, OneOf, Port, Spec, Text
from mesh.spec.match import HeaderMatches, HttpMethod, PathMatch, QueryParameters
from mesh.spec.route import Priority

DefaultRewrite = Literal["ENABLED", "DISABLED"]
Rewritten = Annotated[str, Strict(), Field(min_length=1, max_length=255)]
Hostname = Annotated[str, Strict(), Field(min_length=1, max_length=253)]


class GatewayRouteVirtualService(Spec):
    """The virtual service that takes the request."""

    virtual_service_name: Name


class GatewayRouteTarget(Spec):
    """Where a matching request goes; ``port`` chooses among the provider's listeners."""

    port: Port | None = None
    virtual_service: GatewayRouteVirtualService


class HostnameMatch(Spec):
    """The host a request names."""

    exact: Hostname | None = None
    suffix: Hostname | None = None


class HostnameRewrite(Spec):
    """Whether the host becomes the virtual service's name (App Mesh's default: yes)."""

    default_target_hostname: DefaultRewrite | None = None


class PathRewrite(Spec):
    """The path a matched request leaves with."""

    exact: Rewritten | None = None


class PrefixRewrite(Spec):
    """What a matched prefix becomes: ``/`` by default, or ``value``."""

    default_prefix: DefaultRewrite | None = None
    value: Rewritten | None = None


class HttpGatewayRouteRewrite(Spec):
    """What changes in a request on its way in."""

    hostname: HostnameRewrite | None = None
    path: PathRewrite | None = None
    prefix: PrefixRewrite | None = None


class HttpGatewayRouteAction(Spec):
    """Where a matching request goes, and how it changes."""

    rewrite: HttpGatewayRouteRewrite | None = None
    target: GatewayRouteTarget


class HttpGatewayRouteMatch(Spec):
    """Which HTTP requests a gateway route takes: all that is said must hold."""

    headers: HeaderMatches | None = None
    hostname: HostnameMatch | None = None
    method: HttpMethod | None = None
    path: PathMatch | None = None
    port: Port | None = None
    prefix: Text | None = None
    query_parameters: QueryParameters | None = None


class HttpGatewayRoute(Spec):
    """A gateway route for HTTP/1.1 or HTTP/2."""

    action: HttpGatewayRouteAction
    match: HttpGatewayRouteMatch


class GrpcGatewayRouteRewrite(Spec):
    """What changes in a gRPC call on its way in."""

    hostname: HostnameRewrite | None = None


class GrpcGatewayRouteAction(Spec):
    """Where a matching gRPC call goes, and how it changes."""

    rewrite: GrpcGatewayRouteRewrite | None = None
    target: GatewayRouteTarget


class GrpcGatewayRouteMatch(Spec):
    """Which gRPC calls a gateway route takes: all that is said must hold."""

    hostname: HostnameMatch | None = None
    metadata: HeaderMatches | None = None
    port: Port | None = None
    service_name: Text | None = None


class GrpcGatewayRoute(Spec):
    """A gateway route for gRPC."""

    action: GrpcGatewayRouteAction
    match: GrpcGatewayRouteMatch


class GatewayRouteSpec(OneOf):
    """Specification of a gateway route: one protocol, and when it is tried."""

    choices = ("grpc_route", "http2_route", "http_route")

    grpc_route: GrpcGatewayRoute | None = None
    http2_route: HttpGatewayRoute | None = None
    http_route: HttpGatewayRoute | None = None
    priority: Priority | None = None
