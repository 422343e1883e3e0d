"""Network filters for HTTP and TCP connections."""

from functools import lru_cache
from typing import Final

from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import (
    v3 as envoy_hcm,
)
from envoy_data_plane.envoy.extensions.filters.network.tcp_proxy import v3 as envoy_tcp

from mesh.spec.listener import TcpTimeout
from mesh.spec.logging import Logging
from xds.translate import timeouts
from xds.translate.config_source import ADS
from xds.translate.listeners.access_log import access_logs
from xds.translate.packed import packed
from xds.translate.services import Share
from xds.translate.sharing import SHARED

_ROUTER: Final = envoy_hcm.HttpFilter(
    name="envoy.filters.http.router", typed_config=packed(Router())
)
_WEB_SOCKET: Final = envoy_hcm.HttpConnectionManagerUpgradeConfig(upgrade_type="websocket")
_KEEP_ESCAPED: Final = envoy_hcm.HttpConnectionManagerPathWithEscapedSlashesAction.KEEP_UNCHANGED


@lru_cache(SHARED)
def http_filter(
    stat_prefix: str, routes: str, protocol: str, logging: Logging | None, *, edge: bool = False
) -> envoy_listener.Filter:
    """Return an HTTP connection manager that uses the route configuration of the given name.

    ``edge`` marks a listener for requests from outside the mesh: only there the connection's own
    address is the client's, and the client's ``x-forwarded-for`` is not trusted. Routes are not
    inline, so that a change of routes leaves listeners and connections unchanged.
    """
    manager = envoy_hcm.HttpConnectionManager(
        stat_prefix=stat_prefix,
        rds=envoy_hcm.Rds(config_source=ADS, route_config_name=routes),
        http_filters=[_ROUTER],
        use_remote_address=edge,
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action=_KEEP_ESCAPED,
        upgrade_configs=[_WEB_SOCKET] if protocol == "http" else [],
        access_log=access_logs(logging),
    )
    return envoy_listener.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=packed(manager)
    )


def tcp_filter(
    stat_prefix: str, cluster: str, timeout: TcpTimeout | None, logging: Logging | None
) -> envoy_listener.Filter:
    """Return a TCP proxy filter with one cluster."""
    return _tcp_filter(
        envoy_tcp.TcpProxy(
            stat_prefix=stat_prefix,
            cluster=cluster,
            idle_timeout=timeouts.tcp_idle(timeout),
            access_log=access_logs(logging),
        )
    )


def weighted_tcp_filter(
    stat_prefix: str, shares: tuple[Share, ...], timeout: TcpTimeout | None, logging: Logging | None
) -> envoy_listener.Filter | None:
    """Return a TCP proxy filter with weighted clusters.

    None if no target has a weight: unlike for HTTP, Envoy refuses weight zero here.
    """
    weights = [
        envoy_tcp.TcpProxyWeightedClusterClusterWeight(
            name=share.upstream.cluster, weight=share.weight
        )
        for share in shares
        if share.weight
    ]
    if not weights:
        return None
    return _tcp_filter(
        envoy_tcp.TcpProxy(
            stat_prefix=stat_prefix,
            weighted_clusters=envoy_tcp.TcpProxyWeightedCluster(clusters=weights),
            idle_timeout=timeouts.tcp_idle(timeout),
            access_log=access_logs(logging),
        )
    )


def _tcp_filter(proxy: envoy_tcp.TcpProxy) -> envoy_listener.Filter:
    return envoy_listener.Filter(name="envoy.filters.network.tcp_proxy", typed_config=packed(proxy))
