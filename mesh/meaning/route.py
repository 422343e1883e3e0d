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
    "exact": Meaning("The whole value."),
    "prefix": Meaning("What the value begins with."),
    "range": Meaning("The value is a whole number in this range."),
    "regex": Meaning("A regular expression (RE2) that the whole value must match."),
    "suffix": Meaning("What the value ends with."),
}

TABLE: Final[Table] = {
    match.MatchRange: {
        "end": Meaning("The first number behind the range."),
        "start": Meaning("The first number of the range."),
    },
    match.HeaderMatchMethod: _VALUES,
    match.HeaderMatch: {
        "invert": Meaning("Whether the opposite is matched: requests that do not fit.", "false"),
        "match": Meaning("How the value is compared.", "the header need only be there"),
        "name": Meaning("The header's name, in any case."),
    },
    match.PathMatch: {
        "exact": Meaning("The whole path."),
        "regex": Meaning("A regular expression (RE2) that the whole path must match."),
    },
    match.QueryParameter: {
        "match": Meaning("How the value is compared.", "the parameter need only be there"),
        "name": Meaning("The parameter's name."),
    },
    match.QueryParameterMatch: {
        "exact": Meaning("The whole value."),
    },
    route.RouteSpec: {
        "grpc_route": Meaning("A route for gRPC calls."),
        "http2_route": Meaning("A route for HTTP/2 requests."),
        "http_route": Meaning("A route for HTTP/1.1 requests."),
        "priority": _PRIORITY,
        "tcp_route": Meaning("A route for TCP connections."),
    },
    route.WeightedTarget: {
        "port": Meaning(
            "The port of the node that is called. Required when it has several listeners.",
            "the node's only listener",
        ),
        "virtual_node": Meaning("The virtual node, in the same mesh."),
        "weight": Meaning(
            "Its share of the traffic, relative to the sum of all weights of the route. The sum "
            "is 1 to 100. 0 sends nothing."
        ),
    },
    route.RouteAction: {
        "weighted_targets": Meaning("The virtual nodes among which the traffic is divided."),
    },
    route.HttpRoute: {
        "action": _ACTION,
        "match": Meaning("Which requests the route takes."),
        "retry_policy": _RETRY,
        "timeout": _TIMEOUT,
    },
    route.HttpRouteMatch: {
        "headers": _HEADERS,
        "method": _METHOD,
        "path": Meaning("Only this path. A route has either path or prefix."),
        "port": _PORT,
        "prefix": Meaning(f"{_PREFIX} A route has either path or prefix."),
        "query_parameters": _PARAMETERS,
        "scheme": Meaning("Only requests of this scheme.", "both"),
    },
    route.HttpRetryPolicy: {
        "http_retry_events": _HTTP_EVENTS,
        "max_retries": _MAX_RETRIES,
        "per_retry_timeout": _PER_RETRY,
        "tcp_retry_events": _TCP_EVENTS,
    },
    route.GrpcRoute: {
        "action": _ACTION,
        "match": Meaning("Which calls the route takes. An empty one takes every call."),
        "retry_policy": _RETRY,
        "timeout": _TIMEOUT,
    },
    route.GrpcRouteMatch: {
        "metadata": _METADATA,
        "method_name": Meaning("Only this method of the service.", "every method"),
        "port": _PORT,
        "service_name": Meaning(
            "Only this service, with its package: shop.v1.Cart.", "every service"
        ),
    },
    route.GrpcRetryPolicy: {
        "grpc_retry_events": Meaning("The gRPC states after which a call is sent again.", "none"),
        "http_retry_events": _HTTP_EVENTS,
        "max_retries": _MAX_RETRIES,
        "per_retry_timeout": _PER_RETRY,
        "tcp_retry_events": _TCP_EVENTS,
    },
    route.TcpRoute: {
        "action": _ACTION,
        "match": Meaning("Which connections the route takes.", "all of them"),
        "timeout": Meaning("How long a connection may stand still.", "300 s"),
    },
    route.TcpRouteMatch: {
        "port": _PORT,
    },
    gateway_route.GatewayRouteSpec: {
        "grpc_route": Meaning("A gateway route for gRPC calls."),
        "http2_route": Meaning("A gateway route for HTTP/2 requests."),
        "http_route": Meaning("A gateway route for HTTP/1.1 requests."),
        "priority": _PRIORITY,
    },
    gateway_route.GatewayRouteVirtualService: {
        "virtual_service_name": Meaning("The virtual service, in the same mesh."),
    },
    gateway_route.GatewayRouteTarget: {
        "port": Meaning(
            "The port of the service's provider that is called. Required when it has several "
            "listeners.",
            "the provider's only listener",
        ),
        "virtual_service": Meaning("The virtual service that takes the request."),
    },
    gateway_route.HostnameMatch: {
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
        "default_prefix": Meaning(
            "ENABLED replaces the prefix that was matched by /. DISABLED leaves the path as it "
            "came. Either this or value.",
            "ENABLED",
        ),
        "value": Meaning("What replaces the prefix that was matched. It begins and ends with /."),
    },
    gateway_route.HttpGatewayRouteRewrite: {
        "hostname": Meaning("What becomes of the host.", "it becomes the virtual service's name"),
        "path": Meaning("What becomes of a path that was matched as a whole.", "it stays"),
        "prefix": Meaning("What becomes of a prefix that was matched.", "it becomes /"),
    },
    gateway_route.HttpGatewayRouteAction: {
        "rewrite": Meaning(
            "What changes in the request on its way in.",
            "the host becomes the virtual service's name, a matched prefix becomes /",
        ),
        "target": Meaning("The virtual service that takes the request."),
    },
    gateway_route.HttpGatewayRouteMatch: {
        "headers": _HEADERS,
        "hostname": Meaning("Only requests for this host.", "every host"),
        "method": _METHOD,
        "path": Meaning("Only this path. A route has either path or prefix."),
        "port": _GATEWAY_PORT,
        "prefix": Meaning(
            f"{_PREFIX} A route has either path or prefix, and may have hostname alone."
        ),
        "query_parameters": _PARAMETERS,
    },
    gateway_route.HttpGatewayRoute: {
        "action": Meaning("Where matching requests go, and what changes in them."),
        "match": Meaning("Which requests the route takes."),
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
    gateway_route.GrpcGatewayRouteMatch: {
        "hostname": Meaning("Only calls for this host.", "every host"),
        "metadata": _METADATA,
        "port": _GATEWAY_PORT,
        "service_name": Meaning(
            "Only this service, with its package: shop.v1.Cart.", "every service"
        ),
    },
    gateway_route.GrpcGatewayRoute: {
        "action": Meaning("Where matching calls go, and what changes in them."),
        "match": Meaning("Which calls the route takes: at least serviceName or hostname."),
    },
}
