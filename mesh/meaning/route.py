"""Meanings of routes and gateway routes, and of what both match."""

from typing import Final

from mesh.meaning.meaning import Meaning, Table
from mesh.spec import gateway_route, match, route

_PRIORITY: Final = Meaning(
    "When the route is tried: 0 is the first. Of two that fit a request the earlier one takes it.",
    "after all that have a priority, longer paths first",
)
_PORT: Final = Meaning("Only what comes in on this port of the router.", "every port")
_GATEWAY_PORT: Final = Meaning("Only what comes in on this port of the gateway.", "every port")
_PREFIX: Final = "Only paths that begin with this. It begins with /; a lone / fits every path."
_METHOD: Final = Meaning("Only requests of this method.", "every method")
_HEADERS: Final = Meaning("Only requests whose headers fit: all of these.", "any headers")
_METADATA: Final = Meaning("Only calls whose metadata fit: all of these.", "any metadata")
_PARAMETERS: Final = Meaning("Only requests whose query parameters fit: all of these.", "any query")
_ACTION: Final = Meaning("Where the route sends what it takes.")
_RETRY: Final = Meaning(
    "When a request that failed is sent again.",
    "two retries after a refused or broken connection, 503 or gRPC's UNAVAILABLE",
)
_TIMEOUT: Final = Meaning(
    "How long a request may take on this route.", "15 s for a request, 300 s for an idle one"
)
_HTTP_EVENTS: Final = Meaning(
    "The answers after which a request is sent again: server-error (500 to 508, 510, 511), "
    "gateway-error (502 to 504), client-error (409), stream-error (a refused stream).",
    "none of them",
)
_TCP_EVENTS: Final = Meaning(
    "connection-error: send it again if no connection came about.", "never"
)
_MAX_RETRIES: Final = Meaning("How often it is sent again at most.")
_PER_RETRY: Final = Meaning("How long each attempt may take.")
_VALUES: Final = {
    "prefix": Meaning("What the value begins with."),
    "exact": Meaning("The whole value."),
    "regex": Meaning("A regular expression (RE2) that the whole value must match."),
    "suffix": Meaning("What the value ends with."),
    "range": Meaning("The value is a whole number in this range."),
}

TABLE: Final[Table] = {
    match.MatchRange: {
        "start": Meaning("The first number of the range."),
        "end": Meaning("The first number behind the range."),
    },
    match.HeaderMatchMethod: _VALUES,
    match.HeaderMatch: {
        "name": Meaning("The header's name, in any case."),
        "match": Meaning("How the value is compared.", "the header need only be there"),
        "invert": Meaning("Whether the opposite is matched: requests that do not fit.", "false"),
    },
    match.PathMatch: {
        "exact": Meaning("The whole path."),
        "regex": Meaning("A regular expression (RE2) that the whole path must match."),
    },
    match.QueryParameter: {
        "name": Meaning("The parameter's name."),
        "match": Meaning("How the value is compared.", "the parameter need only be there"),
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
        "virtual_node": Meaning("The virtual node, in the same mesh."),
        "port": Meaning(
            "The port of the node that is called. Required when it has several listeners.",
            "the node's only listener",
        ),
        "weight": Meaning(
            "Its share of the traffic, relative to the sum of all weights of the route. The sum "
            "is 1 to 100. 0 sends nothing."
        ),
    },
    route.RouteAction: {
        "weighted_targets": Meaning("The virtual nodes among which the traffic is divided."),
    },
    route.HttpRoute: {
        "match": Meaning("Which requests the route takes."),
        "action": _ACTION,
        "timeout": _TIMEOUT,
        "retry_policy": _RETRY,
    },
    match.HttpRouteMatch: {
        "prefix": Meaning(f"{_PREFIX} A route has either path or prefix."),
        "path": Meaning("Only this path. A route has either path or prefix."),
        "method": _METHOD,
        "scheme": Meaning("Only requests of this scheme.", "both"),
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
        "match": Meaning("Which calls the route takes. An empty one takes every call."),
        "action": _ACTION,
        "timeout": _TIMEOUT,
        "retry_policy": _RETRY,
    },
    match.GrpcRouteMatch: {
        "service_name": Meaning(
            "Only this service, with its package: shop.v1.Cart.", "every service"
        ),
        "method_name": Meaning("Only this method of the service.", "every method"),
        "metadata": _METADATA,
        "port": _PORT,
    },
    route.GrpcRetryPolicy: {
        "max_retries": _MAX_RETRIES,
        "per_retry_timeout": _PER_RETRY,
        "http_retry_events": _HTTP_EVENTS,
        "grpc_retry_events": Meaning("The gRPC states after which a call is sent again.", "none"),
        "tcp_retry_events": _TCP_EVENTS,
    },
    route.TcpRoute: {
        "match": Meaning("Which connections the route takes.", "all of them"),
        "action": _ACTION,
        "timeout": Meaning("How long a connection may stand still.", "300 s"),
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
        "virtual_service_name": Meaning("The virtual service, in the same mesh."),
    },
    gateway_route.GatewayRouteTarget: {
        "virtual_service": Meaning("The virtual service that takes the request."),
        "port": Meaning(
            "The port of the service's provider that is called. Required when it has several "
            "listeners.",
            "the provider's only listener",
        ),
    },
    match.HostnameMatch: {
        "exact": Meaning("The whole host name."),
        "suffix": Meaning("What the host name ends with: .example.com fits a.example.com."),
    },
    gateway_route.HostnameRewrite: {
        "default_target_hostname": Meaning(
            "ENABLED makes the virtual service's name the host of the request. DISABLED leaves "
            "the host as it came.",
            "ENABLED",
        ),
    },
    gateway_route.PathRewrite: {
        "exact": Meaning("The path that the request gets. It begins with /."),
    },
    gateway_route.PrefixRewrite: {
        "value": Meaning("What replaces the prefix that was matched. It begins and ends with /."),
        "default_prefix": Meaning(
            "ENABLED replaces the prefix that was matched by /. DISABLED leaves the path as it "
            "came. Either this or value.",
            "ENABLED",
        ),
    },
    gateway_route.HttpGatewayRouteRewrite: {
        "prefix": Meaning("What becomes of a prefix that was matched.", "it becomes /"),
        "path": Meaning("What becomes of a path that was matched as a whole.", "it stays"),
        "hostname": Meaning("What becomes of the host.", "it becomes the virtual service's name"),
    },
    gateway_route.HttpGatewayRouteAction: {
        "rewrite": Meaning(
            "What changes in the request on its way in.",
            "the host becomes the virtual service's name, a matched prefix becomes /",
        ),
        "target": Meaning("The virtual service that takes the request."),
    },
    match.HttpGatewayRouteMatch: {
        "prefix": Meaning(
            f"{_PREFIX} A route has either path or prefix, and may have hostname alone."
        ),
        "path": Meaning("Only this path. A route has either path or prefix."),
        "hostname": Meaning("Only requests for this host.", "every host"),
        "method": _METHOD,
        "headers": _HEADERS,
        "query_parameters": _PARAMETERS,
        "port": _GATEWAY_PORT,
    },
    gateway_route.HttpGatewayRoute: {
        "match": Meaning("Which requests the route takes."),
        "action": Meaning("Where matching requests go, and what changes in them."),
    },
    gateway_route.GrpcGatewayRouteRewrite: {
        "hostname": Meaning("What becomes of the host.", "it becomes the virtual service's name"),
    },
    gateway_route.GrpcGatewayRouteAction: {
        "rewrite": Meaning(
            "What changes in the call on its way in.", "the host becomes the virtual service's name"
        ),
        "target": Meaning("The virtual service that takes the call."),
    },
    match.GrpcGatewayRouteMatch: {
        "service_name": Meaning(
            "Only this service, with its package: shop.v1.Cart.", "every service"
        ),
        "hostname": Meaning("Only calls for this host.", "every host"),
        "metadata": _METADATA,
        "port": _GATEWAY_PORT,
    },
    gateway_route.GrpcGatewayRoute: {
        "match": Meaning("Which calls the route takes: at least serviceName or hostname."),
        "action": Meaning("Where matching calls go, and what changes in them."),
    },
}
