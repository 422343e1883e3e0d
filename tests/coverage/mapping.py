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
    """``module::test`` below ``tests/envoy``, or ``folder/module::test`` below ``tests``."""
    warning: str = ""
    """The code that says that such a field cannot act."""
    pending: str = ""
    """Why the field does nothing yet. To be emptied, never to be kept."""


def row_of(field: str) -> Row | None:
    """Return how a field acts."""
    return next((row for row in ROWS if fnmatchcase(field, row.pattern)), None)


_PATHS: Final = ("test_routing::test_paths",)
_POLICY: Final = ("test_tls::test_what_a_client_policy_does",)
_DEFAULTS: Final = ("test_tls_defaults::test_what_a_policy_for_all_backends_does",)
_DOORS: Final = ("test_tls_defaults::test_a_gateway_shows_its_certificate_and_asks_for_one",)
_DOOR_MODES: Final = ("test_tls_defaults::test_a_gateway_takes_tls_plain_text_or_both",)
_POOL_OF_HTTP: Final = (
    "test_pools::test_http_has_so_many_connections_and_so_many_requests_wait_for_one",
)
_POOL_OF_HTTP2: Final = ("test_pools::test_http2_and_grpc_have_so_many_requests_at_once",)
_POOL_OF_TCP: Final = ("test_pools::test_tcp_has_so_many_connections",)
_CHECK_OF_HTTP: Final = ("test_health::test_nothing_is_sent_to_who_answers_a_check_of_http_badly",)
_CHECKS: Final = (
    *_CHECK_OF_HTTP,
    "test_health::test_nothing_is_sent_to_who_answers_a_check_of_http2_badly",
    "test_health::test_nothing_is_sent_to_who_says_by_grpc_that_it_serves_not",
    "test_health::test_nothing_is_sent_to_who_does_not_take_a_connection",
)
_EJECTED: Final = ("test_health::test_a_host_that_fails_is_ejected_and_comes_back",)
_TEXT_LOG: Final = ("test_access_logs::test_a_log_of_text_has_a_line_for_each_way",)
_JSON_LOG: Final = ("test_access_logs::test_a_log_of_json_has_an_object_for_each_way",)
_LOGS: Final = (*_TEXT_LOG, "test_access_logs::test_a_log_without_a_format_is_envoys_own")
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
    Row(
        "VirtualGateway.listeners.tls.mode",
        ("FilterChain.transport_socket",),
        (*_GATEWAY_TLS, *_DOOR_MODES),
    ),
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
    Row("VirtualGateway.listeners.tls.certificate.*", _CERTIFICATE, _DOORS),
    Row("VirtualGateway.listeners.tls.validation.subjectAlternativeNames.*", _NAMES, _DOORS),
    Row("VirtualGateway.listeners.tls.validation.trust.*", _TRUST, _DOORS),
    Row("VirtualNode.backends.*.tls.enforce", ("Cluster.transport_socket",), _POLICY),
    Row("*.clientPolicy.tls.enforce", ("Cluster.transport_socket",), _DEFAULTS),
    Row("VirtualNode.backends.*.tls.ports", ("Cluster.transport_socket",), _POLICY),
    Row("*.clientPolicy.tls.ports", ("Cluster.transport_socket",), _DEFAULTS),
    Row("VirtualNode.backends.*.certificate.file.certificateChain", _FILE_CERTIFICATE, _POLICY),
    Row("VirtualNode.backends.*.certificate.file.privateKey", _FILE_KEY, _POLICY),
    Row("VirtualNode.backends.*.certificate.sds.*", _CERTIFICATE, _POLICY),
    Row("*.clientPolicy.tls.certificate.file.certificateChain", _FILE_CERTIFICATE, _DEFAULTS),
    Row("*.clientPolicy.tls.certificate.file.privateKey", _FILE_KEY, _DEFAULTS),
    Row("*.clientPolicy.tls.certificate.sds.*", _CERTIFICATE, _DEFAULTS),
    Row("VirtualNode.backends.*.subjectAlternativeNames.*", _NAMES, _POLICY),
    Row("*.clientPolicy.tls.validation.subjectAlternativeNames.*", _NAMES, _DEFAULTS),
    Row("VirtualNode.backends.*.validation.trust.*", _TRUST, _POLICY),
    Row("VirtualGateway.backendDefaults.*.validation.trust.file.*", _TRUST, _GATEWAY_TLS),
    Row("*.clientPolicy.tls.validation.trust.*", _TRUST, _DEFAULTS),
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
        (
            *_SPOKEN,
            "test_pools::test_a_gateway_speaks_the_protocol_of_its_listener_on_its_whole_way",
            "test_pools::"
            "test_an_http_listener_of_a_gateway_is_no_http2_inside_and_takes_web_sockets",
        ),
    ),
    Row(
        "*.connectionPool.tcp.maxConnections",
        ("CircuitBreakers.Thresholds.max_connections",),
        _POOL_OF_TCP,
    ),
    Row(
        "*.connectionPool.*.maxConnections",
        ("CircuitBreakers.Thresholds.max_connections",),
        _POOL_OF_HTTP,
    ),
    Row(
        "*.connectionPool.*.maxPendingRequests",
        ("CircuitBreakers.Thresholds.max_pending_requests",),
        _POOL_OF_HTTP,
    ),
    Row(
        "*.connectionPool.*.maxRequests",
        ("CircuitBreakers.Thresholds.max_requests",),
        _POOL_OF_HTTP2,
    ),
    Row(
        "*.healthCheck.healthyThreshold",
        ("HealthCheck.healthy_threshold",),
        ("test_health::test_who_was_ill_is_well_after_so_many_checks",),
    ),
    Row(
        "*.healthCheck.unhealthyThreshold",
        ("HealthCheck.unhealthy_threshold",),
        ("test_health::test_who_was_well_is_ill_after_so_many_checks",),
    ),
    Row(
        "*.healthCheck.intervalMillis",
        ("HealthCheck.interval", "HealthCheck.no_traffic_interval"),
        (
            "test_health::"
            "test_a_check_comes_again_after_the_interval_whether_there_is_traffic_or_not",
        ),
    ),
    Row(
        "*.healthCheck.timeoutMillis",
        ("HealthCheck.timeout",),
        ("test_health::test_who_takes_longer_than_the_timeout_has_failed",),
    ),
    Row("*.healthCheck.path", ("HealthCheck.HttpHealthCheck.path",), _CHECK_OF_HTTP),
    Row("*.healthCheck.port", ("HttpHealthCheck.host",), _CHECKS),
    Row(
        "*.healthCheck.protocol",
        (
            "HealthCheck.http_health_check",
            "HealthCheck.tcp_health_check",
            "HealthCheck.grpc_health_check",
        ),
        _CHECKS,
    ),
    Row("*.outlierDetection.interval.*", ("OutlierDetection.interval",), _EJECTED),
    Row(
        "*.outlierDetection.baseEjectionDuration.*",
        ("OutlierDetection.base_ejection_time", "OutlierDetection.max_ejection_time"),
        _EJECTED,
    ),
    Row(
        "*.outlierDetection.maxEjectionPercent",
        ("OutlierDetection.max_ejection_percent",),
        ("test_health::test_so_many_hosts_are_ejected_and_one_always",),
    ),
    Row(
        "*.outlierDetection.maxServerErrors",
        ("OutlierDetection.consecutive_5xx",),
        ("test_health::test_a_host_is_ejected_after_so_many_errors_one_after_the_other",),
    ),
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
        (
            "intercept/test_sidecars::test_drop_all_refuses_what_is_not_in_the_mesh",
            "intercept/test_sidecars::test_allow_all_lets_through_what_drop_all_refused_and_back",
        ),
    ),
    Row(
        "*.dns.ipPreference",
        _FAMILY,
        ("test_discovery::test_a_node_prefers_a_version_whatever_its_mesh_does",),
    ),
    Row(
        "Mesh.serviceDiscovery.ipPreference",
        (*_FAMILY, "SocketAddress.ipv4_compat"),
        (
            "test_discovery::test_a_mesh_prefers_a_version_for_its_nodes_names",
            "test_discovery::test_a_mesh_prefers_a_version_among_what_is_registered",
        ),
    ),
    Row(
        "*.awsCloudMap.ipPreference",
        ("SocketAddress.ipv4_compat",),
        ("test_discovery::test_a_node_in_cloud_map_prefers_a_version_whatever_its_mesh_does",),
    ),
    Row("*.awsCloudMap.attributes.*", ("LocalityLbEndpoints.lb_endpoints",), _INSTANCES),
    Row("*.awsCloudMap.*", ("Cluster.eds_cluster_config",), _INSTANCES),
    Row("*.dns.hostname", ("SocketAddress.address",), _WEIGHTS),
    Row(
        "*.dns.responseType",
        ("Cluster.type",),
        ("test_discovery::test_a_name_is_one_load_balancer_or_every_endpoint",),
    ),
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
    Row("*.accessLog.file.path", ("FileAccessLog.path",), _LOGS),
    Row(
        "*.accessLog.file.format.text",
        ("SubstitutionFormatString.text_format_source",),
        _TEXT_LOG,
    ),
    Row("*.accessLog.file.format.json.*", ("SubstitutionFormatString.json_format",), _JSON_LOG),
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
