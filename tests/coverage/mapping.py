"""Through which fields of Envoy each field of a spec acts, and which test shows it on traffic.

Kept by hand, and checked: ``tests/coverage/test_coverage.py`` fails when a field matches no row, a
row no field, when a test is not there, and when no golden file has the Envoy field that is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True, slots=True)
class Row:
    """How the fields that match a pattern act; the first row that matches holds."""

    pattern: str
    """As in a shell: ``*`` is any text, ``VirtualNode.listeners.tls.*``."""
    envoy: tuple[str, ...] = ()
    """``Message.field`` of Envoy's API v3, each under the name that golden files show."""
    traffic: tuple[str, ...] = ()
    """``module::test`` below ``tests/envoy``, none where none shows it yet."""
    warning: str = ""
    """The code that says that such a field cannot act."""
    pending: str = ""
    """Why the field does nothing yet. To be emptied, never to be kept."""


def row_of(field: str) -> Row | None:
    """Return how a field acts."""
    return next((row for row in ROWS if fnmatchcase(field, row.pattern)), None)


_PATHS: Final = ("test_routing::test_paths",)
_POLICY: Final = ("test_tls::test_what_a_client_policy_does",)
_MUTUAL: Final = (
    "test_tls::test_a_listener_that_validates_refuses_who_cannot_prove_a_name_it_knows",
)
_MODES: Final = (
    "test_tls::test_a_strict_listener_takes_tls_only",
    "test_tls::test_a_permissive_listener_takes_both",
)
_GATEWAY_TLS: Final = ("test_tls::test_a_gateway_ends_the_tls_of_its_clients_and_speaks_its_own",)
_WEIGHTS: Final = ("test_routing::test_traffic_is_shared_by_weight",)
_GATEWAY: Final = ("test_gateway::test_a_gateway_rewrites_paths_and_the_host_becomes_the_service",)
_GRPC: Final = ("test_routing::test_grpc_calls_are_routed_by_service",)
_INSTANCES: Final = ("test_cloud_map::test_instances_come_and_go_under_load_and_no_request_fails",)
_CERTIFICATE: Final = ("CommonTlsContext.tls_certificate_sds_secret_configs",)
_FILE_CERTIFICATE: Final = (*_CERTIFICATE, "TlsCertificate.certificate_chain")
_FILE_KEY: Final = (*_CERTIFICATE, "TlsCertificate.private_key")
_TRUST: Final = ("CombinedCertificateValidationContext.validation_context_sds_secret_config",)
_NAMES: Final = ("CertificateValidationContext.match_typed_subject_alt_names",)
_FAMILY: Final = ("Cluster.dns_lookup_family",)
_STRING: Final = ("HeaderMatcher.string_match",)
_ROUTE: Final = ("test_matching::test_a_route_takes_what_it_asks_for_and_nothing_else",)
_GATEWAY_ROUTE: Final = (
    "test_matching::test_a_gateway_route_takes_what_it_asks_for_and_nothing_else",
)
_ROUTE_ORDER: Final = ("test_matching::test_of_two_routes_the_one_that_goes_first_takes_a_request",)
_GATEWAY_ORDER: Final = (
    "test_matching::test_of_two_gateway_routes_the_one_that_goes_first_takes_a_request",
)
_TCP_ORDER: Final = (
    "test_targets::test_of_two_routes_of_tcp_the_one_with_the_lower_priority_is_used",
)
_SHARES: Final = (
    "test_targets::test_traffic_is_shared_by_weight_and_nothing_goes_where_the_weight_is_zero",
)
_TARGET_PORT: Final = ("test_targets::test_a_target_names_one_of_the_ports_of_its_node",)
_ROUTER_PORTS: Final = ("test_targets::test_a_route_is_for_one_of_the_ports_of_its_router",)
_TCP_PORTS: Final = ("test_targets::test_tcp_has_ports_of_routers_and_ports_of_targets",)
_HTTP_EVENTS: Final = ("test_retries::test_an_event_of_http_is_these_statuses",)
_REFUSED: Final = ("test_retries::test_a_stream_that_is_refused_is_a_stream_error",)
_TCP_EVENTS: Final = ("test_retries::test_nobody_who_refuses_connections_is_asked_twice",)
_GRPC_EVENTS: Final = ("test_retries::test_an_event_of_grpc_is_the_status_of_that_name",)
_RETRIES: Final = ("test_retries::test_a_request_is_tried_again_as_often_as_is_written",)
_EACH_ATTEMPT: Final = ("test_retries::test_each_attempt_has_its_own_time",)
_TIMEOUT: Final = ("test_timeouts::test_a_timeout_ends_what_takes_too_long_or_stands_still",)
_DEFAULT_TIMEOUT: Final = (
    "test_timeouts::"
    "test_without_a_timeout_a_request_has_15_seconds_and_with_zero_all_the_time_it_needs",
)
_TCP_IDLE: Final = ("test_timeouts::test_a_connection_of_tcp_ends_when_nothing_comes_for_too_long",)
_HOSTS: Final = ("test_entrances::test_hosts_match_whole_or_by_their_end",)
_ENTRANCES: Final = ("test_entrances::test_each_listener_has_its_own_gateway_routes",)
_SPOKEN: Final = (
    "test_entrances::test_calls_of_grpc_keep_what_comes_after_the_answer",
    "test_entrances::test_web_sockets_are_for_listeners_of_http",
)
_REWRITES: Final = ("test_entrances::test_paths_are_rewritten",)
_KEPT: Final = ("test_entrances::test_the_host_becomes_the_service_unless_it_is_to_be_kept",)
_SERVICE_PORT: Final = (
    "test_entrances::test_a_gateway_route_names_one_of_the_ports_of_its_service",
)
_UNFORGED: Final = (
    "test_entrances::test_nobody_outside_can_choose_a_service_by_our_headers_or_by_its_name",
)


def _matching(kind: str, traffic: tuple[str, ...]) -> Sequence[Row]:
    """Return the rows of what a kind of route can ask of a request."""
    return [
        Row(f"{kind}.*.match.range.*", ("HeaderMatcher.range_match",), traffic),
        Row(f"{kind}.*.match.headers.match.*", _STRING, traffic),
        Row(f"{kind}.*.match.metadata.match.*", _STRING, traffic),
        Row(f"{kind}.*.invert", ("HeaderMatcher.invert_match",), traffic),
        Row(f"{kind}.*.match.headers.name", ("HeaderMatcher.name",), traffic),
        Row(f"{kind}.*.match.metadata.name", ("HeaderMatcher.name",), traffic),
        Row(f"{kind}.*.match.queryParameters.*", ("RouteMatch.query_parameters",), traffic),
        Row(f"{kind}.*Route.match.method", _STRING, traffic),
        Row(f"{kind}.*Route.match.path.exact", ("RouteMatch.path",), traffic),
        Row(f"{kind}.*Route.match.path.regex", ("RouteMatch.safe_regex",), traffic),
        Row(f"{kind}.*Route.match.prefix", ("RouteMatch.prefix",), traffic),
        Row(f"{kind}.*.match.serviceName", ("RouteMatch.prefix", "RouteMatch.grpc"), traffic),
        *_of_routes_only(kind, traffic),
    ]


def _of_routes_only(kind: str, traffic: tuple[str, ...]) -> Sequence[Row]:
    if kind != "Route":
        return []
    return [
        Row("Route.*Route.match.scheme", _STRING, traffic),
        Row("Route.grpcRoute.match.methodName", ("RouteMatch.path",), traffic),
    ]


_TLS: Final = (
    Row("VirtualNode.listeners.tls.mode", ("FilterChainMatch.transport_protocol",), _MODES),
    Row("VirtualGateway.listeners.tls.mode", ("FilterChain.transport_socket",), _GATEWAY_TLS),
    Row("VirtualNode.listeners.tls.certificate.acm.*", _FILE_CERTIFICATE, _POLICY),
    Row("VirtualNode.listeners.tls.certificate.file.certificateChain", _FILE_CERTIFICATE, _MODES),
    Row("VirtualNode.listeners.tls.certificate.file.privateKey", _FILE_KEY, _MODES),
    Row("VirtualNode.listeners.tls.certificate.sds.*", _CERTIFICATE, _POLICY),
    Row("VirtualNode.listeners.tls.validation.subjectAlternativeNames.*", _NAMES, _MUTUAL),
    Row("VirtualNode.listeners.tls.validation.trust.file.*", _TRUST, _MUTUAL),
    Row("VirtualNode.listeners.tls.validation.trust.sds.*", _TRUST, _POLICY),
    Row(
        "VirtualGateway.listeners.tls.certificate.file.certificateChain",
        _FILE_CERTIFICATE,
        _GATEWAY_TLS,
    ),
    Row("VirtualGateway.listeners.tls.certificate.file.privateKey", _FILE_KEY, _GATEWAY_TLS),
    Row("VirtualGateway.listeners.tls.certificate.*", _CERTIFICATE),
    Row("VirtualGateway.listeners.tls.validation.subjectAlternativeNames.*", _NAMES),
    Row("VirtualGateway.listeners.tls.validation.trust.*", _TRUST),
    Row("VirtualNode.backends.*.tls.enforce", ("Cluster.transport_socket",), _POLICY),
    Row("*.clientPolicy.tls.enforce", ("Cluster.transport_socket",)),
    Row("VirtualNode.backends.*.tls.ports", ("Cluster.transport_socket",), _POLICY),
    Row("*.clientPolicy.tls.ports", ("Cluster.transport_socket",)),
    Row("VirtualNode.backends.*.certificate.file.certificateChain", _FILE_CERTIFICATE, _POLICY),
    Row("VirtualNode.backends.*.certificate.file.privateKey", _FILE_KEY, _POLICY),
    Row("VirtualNode.backends.*.certificate.sds.*", _CERTIFICATE, _POLICY),
    Row("*.clientPolicy.tls.certificate.file.certificateChain", _FILE_CERTIFICATE),
    Row("*.clientPolicy.tls.certificate.file.privateKey", _FILE_KEY),
    Row("*.clientPolicy.tls.certificate.sds.*", _CERTIFICATE),
    Row("VirtualNode.backends.*.subjectAlternativeNames.*", _NAMES, _POLICY),
    Row("*.clientPolicy.tls.validation.subjectAlternativeNames.*", _NAMES),
    Row("VirtualNode.backends.*.validation.trust.*", _TRUST, _POLICY),
    Row("VirtualGateway.backendDefaults.*.validation.trust.file.*", _TRUST, _GATEWAY_TLS),
    Row("*.clientPolicy.tls.validation.trust.*", _TRUST),
)

_LISTENERS: Final = (
    Row("VirtualGateway.listeners.healthCheck.*", warning="no-effect"),
    Row(
        "VirtualNode.listeners.portMapping.port",
        ("FilterChainMatch.destination_port", "SocketAddress.port_value"),
        ("test_routing::test_traffic_in_reaches_the_application_whatever_its_host",),
    ),
    Row(
        "VirtualNode.listeners.portMapping.protocol",
        ("FilterChain.filters", "HttpProtocolOptions.explicit_http_config"),
        (
            "test_routing::test_tcp_is_joined_to_the_node_behind_the_port",
            "test_routing::test_grpc_calls_are_routed_by_service",
        ),
    ),
    Row("VirtualGateway.listeners.portMapping.port", ("SocketAddress.port_value",), _GATEWAY),
    Row(
        "VirtualGateway.listeners.portMapping.protocol",
        ("HttpProtocolOptions.explicit_http_config", "HttpConnectionManager.upgrade_configs"),
        _SPOKEN,
    ),
    Row("*.connectionPool.*.maxConnections", ("CircuitBreakers.Thresholds.max_connections",)),
    Row(
        "*.connectionPool.*.maxPendingRequests",
        ("CircuitBreakers.Thresholds.max_pending_requests",),
    ),
    Row("*.connectionPool.*.maxRequests", ("CircuitBreakers.Thresholds.max_requests",)),
    Row("*.healthCheck.healthyThreshold", ("HealthCheck.healthy_threshold",)),
    Row("*.healthCheck.unhealthyThreshold", ("HealthCheck.unhealthy_threshold",)),
    Row("*.healthCheck.intervalMillis", ("HealthCheck.interval",)),
    Row("*.healthCheck.timeoutMillis", ("HealthCheck.timeout",)),
    Row("*.healthCheck.path", ("HealthCheck.HttpHealthCheck.path",)),
    Row("*.healthCheck.port", ("HealthCheck.alt_port",)),
    Row(
        "*.healthCheck.protocol",
        (
            "HealthCheck.http_health_check",
            "HealthCheck.tcp_health_check",
            "HealthCheck.grpc_health_check",
        ),
    ),
    Row("*.outlierDetection.interval.*", ("OutlierDetection.interval",)),
    Row(
        "*.outlierDetection.baseEjectionDuration.*",
        ("OutlierDetection.base_ejection_time", "OutlierDetection.max_ejection_time"),
    ),
    Row("*.outlierDetection.maxEjectionPercent", ("OutlierDetection.max_ejection_percent",)),
    Row("*.outlierDetection.maxServerErrors", ("OutlierDetection.consecutive_5xx",)),
    Row("VirtualNode.listeners.timeout.tcp.idle.*", ("TcpProxy.idle_timeout",), _TCP_IDLE),
    Row("VirtualNode.listeners.timeout.*.idle.*", ("RouteAction.idle_timeout",), _TIMEOUT),
    Row(
        "VirtualNode.listeners.timeout.*.perRequest.*",
        ("RouteAction.timeout",),
        (*_TIMEOUT, *_DEFAULT_TIMEOUT),
    ),
    Row("VirtualRouter.listeners.portMapping.port", ("FilterChainMatch.destination_port",), _PATHS),
    Row("VirtualRouter.listeners.portMapping.protocol", ("FilterChain.filters",), _GRPC),
)

_NODES: Final = (
    Row(
        "Mesh.egressFilter.type",
        ("Cluster.type",),
        ("test_routing::test_a_host_that_is_no_backend_gets_404",),
    ),
    Row("*.dns.ipPreference", _FAMILY),
    Row("Mesh.serviceDiscovery.ipPreference", (*_FAMILY, "SocketAddress.ipv4_compat")),
    Row("*.awsCloudMap.ipPreference", ("SocketAddress.ipv4_compat",)),
    Row("*.awsCloudMap.attributes.*", ("LocalityLbEndpoints.lb_endpoints",), _INSTANCES),
    Row("*.awsCloudMap.*", ("Cluster.eds_cluster_config",), _INSTANCES),
    Row("*.dns.hostname", ("SocketAddress.address",), _WEIGHTS),
    Row("*.dns.responseType", ("Cluster.type",)),
    Row(
        "VirtualNode.backends.virtualService.virtualServiceName",
        ("VirtualHost.domains",),
        ("test_routing::test_a_backend_is_known_by_its_host_with_the_port_or_without",),
    ),
    Row(
        "VirtualService.provider.virtualNode.*",
        ("RouteAction.cluster",),
        ("test_routing::test_a_service_may_be_provided_by_a_node_itself",),
    ),
    Row("VirtualService.provider.virtualRouter.*", ("VirtualHost.routes",), _PATHS),
    Row("*.accessLog.file.path", ("FileAccessLog.path",)),
    Row("*.accessLog.file.format.text", ("SubstitutionFormatString.text_format_source",)),
    Row("*.accessLog.file.format.json.*", ("SubstitutionFormatString.json_format",)),
)

_ROUTES: Final = (
    Row("Route.tcpRoute.match.port", ("FilterChainMatch.destination_port",), _TCP_PORTS),
    Row("Route.tcpRoute.action.weightedTargets.port", ("TcpProxy.weighted_clusters",), _TCP_PORTS),
    Row("Route.tcpRoute.action.weightedTargets.*", ("TcpProxy.weighted_clusters",), _SHARES),
    Row("Route.tcpRoute.timeout.idle.*", ("TcpProxy.idle_timeout",), _TCP_IDLE),
    Row("Route.priority", ("VirtualHost.routes",), (*_ROUTE_ORDER, *_TCP_ORDER)),
    Row("GatewayRoute.priority", ("VirtualHost.routes",), _GATEWAY_ORDER),
    Row("Route.*Route.match.port", ("VirtualHost.routes",), _ROUTER_PORTS),
    Row("GatewayRoute.*Route.match.port", ("VirtualHost.routes",), _ENTRANCES),
    Row("GatewayRoute.*.match.hostname.*", _STRING, _HOSTS),
    *_matching("Route", _ROUTE),
    *_matching("GatewayRoute", _GATEWAY_ROUTE),
    Row("*.action.weightedTargets.port", ("WeightedCluster.clusters",), _TARGET_PORT),
    Row("*.action.weightedTargets.*", ("WeightedCluster.clusters",), _SHARES),
    Row(
        "Route.httpRoute.retryPolicy.httpRetryEvents",
        ("RetryPolicy.retry_on", "RetryPolicy.retriable_status_codes"),
        _HTTP_EVENTS,
    ),
    Row(
        "*.retryPolicy.httpRetryEvents",
        ("RetryPolicy.retry_on", "RetryPolicy.retriable_status_codes"),
        (*_HTTP_EVENTS, *_REFUSED),
    ),
    Row("*.retryPolicy.tcpRetryEvents", ("RetryPolicy.retry_on",), _TCP_EVENTS),
    Row("*.retryPolicy.grpcRetryEvents", ("RetryPolicy.retry_on",), _GRPC_EVENTS),
    Row("*.retryPolicy.maxRetries", ("RetryPolicy.num_retries",), _RETRIES),
    Row("*.retryPolicy.perRetryTimeout.*", ("RetryPolicy.per_try_timeout",), _EACH_ATTEMPT),
    Row("*.timeout.idle.*", ("RouteAction.idle_timeout",), _TIMEOUT),
    Row("*.timeout.perRequest.*", ("RouteAction.timeout",), (*_TIMEOUT, *_DEFAULT_TIMEOUT)),
    Row(
        "*.rewrite.hostname.defaultTargetHostname",
        ("RouteAction.host_rewrite_literal",),
        _KEPT,
    ),
    Row(
        "*.rewrite.path.exact",
        ("RouteAction.prefix_rewrite", "RouteAction.regex_rewrite"),
        _REWRITES,
    ),
    Row("*.rewrite.prefix.*", ("RouteAction.prefix_rewrite",), _REWRITES),
    Row("*.action.target.port", ("Route.request_headers_to_add",), _SERVICE_PORT),
    Row(
        "*.action.target.virtualService.*",
        ("Route.request_headers_to_add", "RouteAction.host_rewrite_literal"),
        (*_KEPT, *_UNFORGED),
    ),
)

ROWS: Final[Sequence[Row]] = (*_TLS, *_LISTENERS, *_NODES, *_ROUTES)
