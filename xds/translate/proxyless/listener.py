"""What a gRPC client dials: a listener that listens nowhere and only says where the routes are."""

from typing import Final

from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import (
    v3 as envoy_hcm,
)

from xds.translate.config_source import ADS
from xds.translate.packed import packed

_ROUTER: Final = envoy_hcm.HttpFilter(
    name="envoy.filters.http.router", typed_config=packed(Router())
)


def api_listener(name: str, routes: str) -> envoy_listener.Listener:
    """Return the listener of this name, whose routes come under that one (gRFC A27)."""
    manager = envoy_hcm.HttpConnectionManager(
        rds=envoy_hcm.Rds(config_source=ADS, route_config_name=routes), http_filters=[_ROUTER]
    )
    return envoy_listener.Listener(
        name=name, api_listener=envoy_listener.ApiListener(api_listener=packed(manager))
    )
