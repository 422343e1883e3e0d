"""Active and passive health checks of a virtual node's instances, which its callers perform."""

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster import v3 as envoy_cluster
from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.type.v3 import CodecClientType

from mesh.spec.listener import HealthCheck, OutlierDetection
from mesh.spec.virtual_node import Listener
from xds.translate.bounds import count, positive_length


def health_checks(listener: Listener, hostname: str) -> list[envoy_core.HealthCheck]:
    """Return the active health check of a listener's instances; ``hostname`` is the request's host.

    Each instance is checked on the port to which callers connect. App Mesh set ``alt_port``, which
    Envoy accepts and ignores.
    """
    check = listener.health_check
    if check is None:
        return []
    port = check.port or listener.port_mapping.port
    interval = timedelta(milliseconds=check.interval_millis)
    return [
        envoy_core.HealthCheck(
            timeout=timedelta(milliseconds=check.timeout_millis),
            interval=interval,
            # Envoy's default is a minute: an instance that is unhealthy at first would stay so for
            # longer than the spec's interval.
            no_traffic_interval=interval,
            healthy_threshold=check.healthy_threshold,
            unhealthy_threshold=check.unhealthy_threshold,
            http_health_check=_http(check, f"{hostname}:{port}"),
            tcp_health_check=(
                envoy_core.HealthCheckTcpHealthCheck() if check.protocol == "tcp" else None
            ),
            grpc_health_check=(
                envoy_core.HealthCheckGrpcHealthCheck() if check.protocol == "grpc" else None
            ),
        )
    ]


def _http(check: HealthCheck, host: str) -> envoy_core.HealthCheckHttpHealthCheck | None:
    if check.protocol not in ("http", "http2"):
        return None
    http2 = check.protocol == "http2"
    return envoy_core.HealthCheckHttpHealthCheck(
        host=host,
        path=check.path or "/",
        codec_client_type=CodecClientType.HTTP2 if http2 else CodecClientType.HTTP1,
    )


def outlier_detection(outliers: OutlierDetection | None) -> envoy_cluster.OutlierDetection | None:
    """Return the outlier detection: consecutive server errors only, as App Mesh promises."""
    if outliers is None:
        return None
    return envoy_cluster.OutlierDetection(
        consecutive_5xx=count(outliers.max_server_errors),
        interval=positive_length(outliers.interval),
        base_ejection_time=positive_length(outliers.base_ejection_duration),
        max_ejection_time=max(
            timedelta(seconds=300), positive_length(outliers.base_ejection_duration)
        ),
        max_ejection_percent=outliers.max_ejection_percent,
        enforcing_consecutive_gateway_failure=0,
        enforcing_success_rate=0,
        # App Mesh API: "at least one host is ejected regardless of the value".
        always_eject_one_host=True,
    )
