"""API listener of a gRPC client: it listens on no port and only names the routes."""

from typing import Final

from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.config.route import v3 as envoy_route
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import (
    v3 as envoy_hcm,
)

from xds.translate.config_source import ADS
from xds.translate.packed import packed
from xds.translate.routes.routes import EVERY_HOST

_ROUTER: Final = envoy_hcm.HttpFilter(
    name="envoy.filters.http.router", typed_config=packed(Router())
)


def api_listener(name: str, routes: str) -> envoy_listener.Listener:
    """Return the API listener with this name and this route configuration (gRFC A27)."""
    manager = envoy_hcm.HttpConnectionManager(
        rds=envoy_hcm.Rds(config_source=ADS, route_config_name=routes), http_filters=[_ROUTER]
    )
    return _listener(name, manager)


def closed_listener(name: str) -> envoy_listener.Listener:
    """Return a listener on which every call fails at once, with UNAVAILABLE.

    Without it, a gRPC library would wait 15 seconds for the listener before it fails a call,
    because the server may just not have answered yet.
    """
    nowhere = envoy_route.VirtualHost(name=name, domains=[EVERY_HOST])
    manager = envoy_hcm.HttpConnectionManager(
        route_config=envoy_route.RouteConfiguration(virtual_hosts=[nowhere]),
        http_filters=[_ROUTER],
    )
    return _listener(name, manager)


def _listener(name: str, manager: envoy_hcm.HttpConnectionManager) -> envoy_listener.Listener:
    return envoy_listener.Listener(
        name=name, api_listener=envoy_listener.ApiListener(api_listener=packed(manager))
    )
