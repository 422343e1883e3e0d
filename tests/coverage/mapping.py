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


_HEADERS: Final = ("test_routing::test_headers",)
_QUERY: Final = ("test_routing::test_method_and_query",)
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
_RETRIES: Final = ("test_routing::test_a_written_policy_says_what_is_tried_again_and_how_often",)
_TIMEOUT: Final = ("test_routing::test_a_request_timeout_ends_a_request_and_zero_means_none",)
_WEIGHTS: Final = ("test_routing::test_traffic_is_shared_by_weight",)
_GATEWAY: Final = ("test_gateway::test_a_gateway_rewrites_paths_and_the_host_becomes_the_service",)
_HOSTS: Final = ("test_gateway::test_hosts_match_with_a_port_or_without",)
_KEPT: Final = ("test_gateway::test_a_gateway_route_may_keep_the_host",)
_GATEWAY_PORT: Final = ("test_gateway::test_a_gateway_route_chooses_among_the_ports_of_a_service",)
_GRPC: Final = ("test_routing::test_grpc_calls_are_routed_by_service",)
_INSTANCES: Final = ("test_cloud_map::test_instances_come_and_go_under_load_and_no_request_fails",)
_CERTIFICATE: Final = ("CommonTlsContext.tls_certificate_sds_secret_configs",)
_FILE_CERTIFICATE: Final = (*_CERTIFICATE, "TlsCertificate.certificate_chain")
_FILE_KEY: Final = (*_CERTIFICATE, "TlsCertificate.private_key")
_TRUST: Final = ("CombinedCertificateValidationContext.validation_context_sds_secret_config",)
_NAMES: Final = ("CertificateValidationContext.match_typed_subject_alt_names",)
_FAMILY: Final = ("Cluster.dns_lookup_family",)
_STRING: Final = ("HeaderMatcher.string_match",)

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
    Row("VirtualNode.listeners.timeout.tcp.idle.*", ("TcpProxy.idle_timeout",)),
    Row("VirtualNode.listeners.timeout.*.idle.*", ("RouteAction.idle_timeout",)),
    Row("VirtualNode.listeners.timeout.*.perRequest.*", ("RouteAction.timeout",)),
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
    Row(
        "Route.priority",
        ("VirtualHost.routes",),
        ("test_routing::test_priority_goes_before_a_longer_prefix",),
    ),
    Row("GatewayRoute.priority", ("VirtualHost.routes",)),
    Row("Route.httpRoute.match.headers.match.range.*", ("HeaderMatcher.range_match",), _HEADERS),
    Row("*.match.range.*", ("HeaderMatcher.range_match",)),
    Row("Route.httpRoute.match.headers.match.*", _STRING, _HEADERS),
    Row(
        "GatewayRoute.httpRoute.match.headers.match.exact",
        _STRING,
        ("test_gateway::test_the_host_of_a_kept_request_cannot_choose_another_service",),
    ),
    Row("Route.httpRoute.match.headers.invert", ("HeaderMatcher.invert_match",), _HEADERS),
    Row("Route.httpRoute.match.headers.name", ("HeaderMatcher.name",), _HEADERS),
    Row("*.match.headers.match.*", _STRING),
    Row("*.match.metadata.match.*", _STRING),
    Row("*.invert", ("HeaderMatcher.invert_match",)),
    Row("*.match.headers.name", ("HeaderMatcher.name",)),
    Row("*.match.metadata.name", ("HeaderMatcher.name",)),
    Row("Route.httpRoute.match.queryParameters.*", ("RouteMatch.query_parameters",), _QUERY),
    Row("*.match.queryParameters.*", ("RouteMatch.query_parameters",)),
    Row("Route.httpRoute.match.method", _STRING, _QUERY),
    Row("*Route.match.method", _STRING),
    Row("*Route.match.scheme", _STRING),
    Row("Route.httpRoute.match.path.exact", ("RouteMatch.path",), _PATHS),
    Row("Route.httpRoute.match.path.regex", ("RouteMatch.safe_regex",), _PATHS),
    Row("Route.httpRoute.match.prefix", ("RouteMatch.prefix",), _PATHS),
    Row("GatewayRoute.httpRoute.match.path.exact", ("RouteMatch.path",), _GATEWAY),
    Row("GatewayRoute.httpRoute.match.path.regex", ("RouteMatch.safe_regex",), _GATEWAY),
    Row("GatewayRoute.httpRoute.match.prefix", ("RouteMatch.prefix",), _GATEWAY),
    Row("*Route.match.path.exact", ("RouteMatch.path",)),
    Row("*Route.match.path.regex", ("RouteMatch.safe_regex",)),
    Row("*Route.match.prefix", ("RouteMatch.prefix",)),
    Row("GatewayRoute.httpRoute.match.hostname.*", _STRING, _HOSTS),
    Row("GatewayRoute.*.match.hostname.*", _STRING),
    Row("Route.grpcRoute.match.serviceName", ("RouteMatch.prefix", "RouteMatch.grpc"), _GRPC),
    Row("GatewayRoute.grpcRoute.match.serviceName", ("RouteMatch.prefix", "RouteMatch.grpc")),
    Row("Route.grpcRoute.match.methodName", ("RouteMatch.path",)),
    Row("Route.httpRoute.match.port", ("VirtualHost.routes",), _GATEWAY_PORT),
    Row("Route.tcpRoute.match.port", ("FilterChainMatch.destination_port",)),
    Row("*Route.match.port", ("VirtualHost.routes",)),
    Row(
        "Route.tcpRoute.action.weightedTargets.port",
        ("TcpProxy.weighted_clusters",),
        ("test_tls::test_tcp_is_encrypted_like_everything_else",),
    ),
    Row("Route.tcpRoute.action.weightedTargets.*", ("TcpProxy.weighted_clusters",)),
    Row("Route.httpRoute.action.weightedTargets.port", ("WeightedCluster.clusters",), _POLICY),
    Row("*.action.weightedTargets.port", ("WeightedCluster.clusters",)),
    Row("Route.httpRoute.action.weightedTargets.*", ("WeightedCluster.clusters",), _WEIGHTS),
    Row("Route.grpcRoute.action.weightedTargets.virtualNode", ("WeightedCluster.clusters",), _GRPC),
    Row("*.action.weightedTargets.*", ("WeightedCluster.clusters",)),
    Row(
        "Route.httpRoute.retryPolicy.httpRetryEvents",
        (
            "RetryPolicy.retry_on",
            "RetryPolicy.retriable_status_codes",
        ),
        _RETRIES,
    ),
    Row(
        "*.retryPolicy.httpRetryEvents",
        (
            "RetryPolicy.retry_on",
            "RetryPolicy.retriable_status_codes",
        ),
    ),
    Row("*.retryPolicy.*RetryEvents", ("RetryPolicy.retry_on",)),
    Row("Route.httpRoute.retryPolicy.maxRetries", ("RetryPolicy.num_retries",), _RETRIES),
    Row("*.retryPolicy.maxRetries", ("RetryPolicy.num_retries",)),
    Row("*.retryPolicy.perRetryTimeout.*", ("RetryPolicy.per_try_timeout",)),
    Row("Route.tcpRoute.timeout.idle.*", ("TcpProxy.idle_timeout",)),
    Row("*.timeout.idle.*", ("RouteAction.idle_timeout",)),
    Row("Route.httpRoute.timeout.perRequest.*", ("RouteAction.timeout",), _TIMEOUT),
    Row("*.timeout.perRequest.*", ("RouteAction.timeout",)),
    Row(
        "GatewayRoute.httpRoute.*.defaultTargetHostname",
        ("RouteAction.host_rewrite_literal",),
        _KEPT,
    ),
    Row("*.rewrite.hostname.defaultTargetHostname", ("RouteAction.host_rewrite_literal",)),
    Row(
        "GatewayRoute.httpRoute.*.rewrite.path.exact",
        (
            "RouteAction.prefix_rewrite",
            "RouteAction.regex_rewrite",
        ),
        _GATEWAY,
    ),
    Row("GatewayRoute.httpRoute.*.rewrite.*", ("RouteAction.prefix_rewrite",), _GATEWAY),
    Row("*.rewrite.path.exact", ("RouteAction.prefix_rewrite", "RouteAction.regex_rewrite")),
    Row("*.rewrite.prefix.*", ("RouteAction.prefix_rewrite",)),
    Row(
        "GatewayRoute.httpRoute.action.target.port",
        ("Route.request_headers_to_add",),
        _GATEWAY_PORT,
    ),
    Row("*.action.target.port", ("Route.request_headers_to_add",)),
    Row(
        "GatewayRoute.httpRoute.action.target.virtualService.*",
        ("Route.request_headers_to_add", "RouteAction.host_rewrite_literal"),
        _GATEWAY,
    ),
    Row(
        "*.action.target.virtualService.*",
        ("Route.request_headers_to_add", "RouteAction.host_rewrite_literal"),
    ),
)

ROWS: Final[Sequence[Row]] = (*_TLS, *_LISTENERS, *_NODES, *_ROUTES)
