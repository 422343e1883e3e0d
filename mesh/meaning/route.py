"""Meanings of the fields of routes, gateway routes and their matches."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import gateway_route, match, route

_PRIORITY: Final = Meaning(
    "Position in the order in which routes are tried: 0 is first. The first route that matches a "
    "request is used.",
    "after all routes with a priority, longer paths first",
)
_PORT: Final = Meaning("Matches requests to this port of the router.", "every port")
_GATEWAY_PORT: Final = Meaning("Matches requests to this port of the gateway.", "every port")
_PREFIX: Final = (
    "Matches paths that begin with this text. It begins with /; a single / matches every path."
)
_METHOD: Final = Meaning("Matches requests with this method.", "every method")
_HEADERS: Final = Meaning("Matches requests with these headers, all of them.", "any headers")
_METADATA: Final = Meaning("Matches calls with these metadata, all of them.", "any metadata")
_PARAMETERS: Final = Meaning(
    "Matches requests with these query parameters, all of them.",
    "any query",
)
_ACTION: Final = Meaning("Targets of the route.")
_RETRY: Final = Meaning(
    "Retries of failed requests.",
    "two retries after a refused or broken connection, status 503 or gRPC's UNAVAILABLE",
)
_TIMEOUT: Final = Meaning(
    "Timeouts of requests on this route.",
    "15 s for a request, 300 s without transferred bytes",
)
_HTTP_EVENTS: Final = Meaning(
    "Responses after which a request is retried: server-error (500 to 508, 510, 511), "
    "gateway-error (502 to 504), client-error (409), stream-error (a refused stream).",
    "no retries after HTTP responses",
)
_TCP_EVENTS: Final = Meaning(
    "connection-error: a request is retried if the connection failed.",
    "no retries after connection errors",
)
_MAX_RETRIES: Final = Meaning("Maximum number of retries.")
_PER_RETRY: Final = Meaning("Maximum duration of each attempt.")
_VALUES: Final = {
    "prefix": Meaning("Text with which the value begins."),
    "exact": Meaning("The whole value."),
    "regex": Meaning("A regular expression (RE2) that the whole value must match."),
    "suffix": Meaning("Text with which the value ends."),
    "range": Meaning("The value is a whole number in this range."),
}

TABLE: Final[Table] = {
    match.MatchRange: {
        "start": Meaning("The first number of the range."),
        "end": Meaning("The first number after the range."),
    },
    match.HeaderMatchMethod: _VALUES,
    match.HeaderMatch: {
        "name": Meaning("Name of the header, in upper or lower case."),
        "match": Meaning("Condition on the value.", "the header must only be present"),
        "invert": Meaning(
            "If true, the condition is inverted: it matches requests that would not match "
            "otherwise.",
            "false",
        ),
    },
    match.PathMatch: {
        "exact": Meaning("The whole path."),
        "regex": Meaning("A regular expression (RE2) that the whole path must match."),
    },
    match.QueryParameter: {
        "name": Meaning("Name of the parameter."),
        "match": Meaning("Condition on the value.", "the parameter must only be present"),
    },
    match.QueryParameterMatch: {
        "exact": Meaning("The whole value."),
    },
    route.RouteSpec: {
        "priority": _PRIORITY,
        "http_route": Meaning("A route for HTTP/1.1 requests."),
        "http2_route": Meaning("A route for HTTP/2 requests."),
        "grpc_route": Meaning("A route for gRPC calls."),
        "tcp_route": Meaning("A route for TCP connections."),
    },
    route.WeightedTarget: {
        "virtual_node": Meaning("Name of the virtual node, in the same mesh."),
        "port": Meaning(
            "Port of the virtual node. Required if it has several listeners.",
            "the port of the node's only listener",
        ),
        "weight": Meaning(
            "Share of the traffic, relative to the sum of all weights of the route. The sum must "
            "be 1 to 100. A target with weight 0 gets no traffic."
        ),
    },
    route.RouteAction: {
        "weighted_targets": Meaning("The virtual nodes over which the traffic is distributed."),
    },
    route.HttpRoute: {
        "match": Meaning("Conditions that a request must meet to use this route."),
        "action": _ACTION,
        "timeout": _TIMEOUT,
        "retry_policy": _RETRY,
    },
    match.HttpRouteMatch: {
        "prefix": Meaning(f"{_PREFIX} A route has either path or prefix."),
        "path": Meaning("Matches this path. A route has either path or prefix."),
        "method": _METHOD,
        "scheme": Meaning("Matches requests with this scheme.", "both schemes"),
        "headers": _HEADERS,
        "query_parameters": _PARAMETERS,
        "port": _PORT,
    },
    route.HttpRetryPolicy: {
        "max_retries": _MAX_RETRIES,
        "per_retry_timeout": _PER_RETRY,
        "http_retry_events": _HTTP_EVENTS,
        "tcp_retry_events": _TCP_EVENTS,
    },
    route.GrpcRoute: {
        "match": Meaning(
            "Conditions that a call must meet to use this route. An empty match matches every call."
        ),
        "action": _ACTION,
        "timeout": _TIMEOUT,
        "retry_policy": _RETRY,
    },
    match.GrpcRouteMatch: {
        "service_name": Meaning(
            "Matches calls to this service, with its package: shop.v1.Cart.",
            "every service",
        ),
        "method_name": Meaning("Matches calls to this method of the service.", "every method"),
        "metadata": _METADATA,
        "port": _PORT,
    },
    route.GrpcRetryPolicy: {
        "max_retries": _MAX_RETRIES,
        "per_retry_timeout": _PER_RETRY,
        "http_retry_events": _HTTP_EVENTS,
        "grpc_retry_events": Meaning("gRPC status codes after which a call is retried.", "none"),
        "tcp_retry_events": _TCP_EVENTS,
    },
    route.TcpRoute: {
        "match": Meaning(
            "Conditions that a connection must meet to use this route.",
            "every connection",
        ),
        "action": _ACTION,
        "timeout": Meaning("Timeout of connections on this route.", "300 s"),
    },
    match.TcpRouteMatch: {
        "port": _PORT,
    },
    gateway_route.GatewayRouteSpec: {
        "priority": _PRIORITY,
        "http_route": Meaning("A gateway route for HTTP/1.1 requests."),
        "http2_route": Meaning("A gateway route for HTTP/2 requests."),
        "grpc_route": Meaning("A gateway route for gRPC calls."),
    },
    gateway_route.GatewayRouteVirtualService: {
        "virtual_service_name": Meaning("Name of the virtual service, in the same mesh."),
    },
    gateway_route.GatewayRouteTarget: {
        "virtual_service": Meaning("The virtual service to which the request is sent."),
        "port": Meaning(
            "Port of the service's provider. Required if it has several listeners.",
            "the port of the provider's only listener",
        ),
    },
    match.HostnameMatch: {
        "exact": Meaning("The whole host name."),
        "suffix": Meaning(
            "Text with which the host name ends: .example.com matches a.example.com."
        ),
    },
    gateway_route.HostnameRewrite: {
        "default_target_hostname": Meaning(
            "ENABLED replaces the host of the request with the virtual service's name. DISABLED "
            "keeps the host.",
            "ENABLED",
        ),
    },
    gateway_route.PathRewrite: {
        "exact": Meaning("New path of the request. It begins with /."),
    },
    gateway_route.PrefixRewrite: {
        "value": Meaning("Text that replaces the matched prefix. It begins and ends with /."),
        "default_prefix": Meaning(
            "ENABLED replaces the matched prefix with /. DISABLED keeps the path. Set either this "
            "or value.",
            "ENABLED",
        ),
    },
    gateway_route.HttpGatewayRouteRewrite: {
        "prefix": Meaning("Rewrite of the matched prefix.", "the prefix becomes /"),
        "path": Meaning("Rewrite of a path that was matched as a whole.", "no rewrite"),
        "hostname": Meaning("Rewrite of the host.", "the host becomes the virtual service's name"),
    },
    gateway_route.HttpGatewayRouteAction: {
        "rewrite": Meaning(
            "Rewrites of the request.",
            "the host becomes the virtual service's name, a matched prefix becomes /",
        ),
        "target": Meaning("The virtual service to which the request is sent."),
    },
    match.HttpGatewayRouteMatch: {
        "prefix": Meaning(f"{_PREFIX} A route has either path or prefix, or only hostname."),
        "path": Meaning("Matches this path. A route has either path or prefix."),
        "hostname": Meaning("Matches requests for this host.", "every host"),
        "method": _METHOD,
        "headers": _HEADERS,
        "query_parameters": _PARAMETERS,
        "port": _GATEWAY_PORT,
    },
    gateway_route.HttpGatewayRoute: {
        "match": Meaning("Conditions that a request must meet to use this route."),
        "action": Meaning("Target of matching requests, and their rewrites."),
    },
    gateway_route.GrpcGatewayRouteRewrite: {
        "hostname": Meaning("Rewrite of the host.", "the host becomes the virtual service's name"),
    },
    gateway_route.GrpcGatewayRouteAction: {
        "rewrite": Meaning("Rewrites of the call.", "the host becomes the virtual service's name"),
        "target": Meaning("The virtual service to which the call is sent."),
    },
    match.GrpcGatewayRouteMatch: {
        "service_name": Meaning(
            "Matches calls to this service, with its package: shop.v1.Cart.",
            "every service",
        ),
        "hostname": Meaning("Matches calls for this host.", "every host"),
        "metadata": _METADATA,
        "port": _GATEWAY_PORT,
    },
    gateway_route.GrpcGatewayRoute: {
        "match": Meaning(
            "Conditions that a call must meet to use this route: at least serviceName or hostname."
        ),
        "action": Meaning("Target of matching calls, and their rewrites."),
    },
}
