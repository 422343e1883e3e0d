"""Connection pools as circuit breakers."""

from typing import Final

from envoy_data_plane.envoy.config.cluster import v3 as envoy_cluster

from mesh.spec.listener import GatewayConnectionPool, HttpPool, NodeConnectionPool
from xds.translate.bounds import UNLIMITED, count


def circuit_breakers(
    pool: NodeConnectionPool | GatewayConnectionPool | None,
) -> envoy_cluster.CircuitBreakers:
    """Return the limits of the spec. An unset limit is written as unlimited, because Envoy's
    default would be 1024."""
    if pool is None:
        return NO_LIMITS
    requests = pool.http2 or pool.grpc
    tcp = pool.tcp if isinstance(pool, NodeConnectionPool) else None
    connections = pool.http or tcp
    return _limits(
        max_connections=UNLIMITED if connections is None else count(connections.max_connections),
        max_pending_requests=_pending(pool.http),
        max_requests=UNLIMITED if requests is None else count(requests.max_requests),
    )


def _pending(pool: HttpPool | None) -> int:
    if pool is None or pool.max_pending_requests is None:
        return UNLIMITED
    return count(pool.max_pending_requests)


def _limits(
    *, max_connections: int, max_pending_requests: int, max_requests: int
) -> envoy_cluster.CircuitBreakers:
    return envoy_cluster.CircuitBreakers(
        thresholds=[
            envoy_cluster.CircuitBreakersThresholds(
                max_connections=max_connections,
                max_pending_requests=max_pending_requests,
                max_requests=max_requests,
                max_retries=UNLIMITED,
            )
        ]
    )


NO_LIMITS: Final = _limits(
    max_connections=UNLIMITED, max_pending_requests=UNLIMITED, max_requests=UNLIMITED
)
