"""Where a proxy gets what a resource only names: from us, on the stream it already has."""

from datetime import timedelta
from typing import Final

from envoy_data_plane.envoy.config.core import v3 as envoy_core

ADS: Final = envoy_core.ConfigSource(
    ads=envoy_core.AggregatedConfigSource(),
    resource_api_version=envoy_core.ApiVersion.V3,
    # Zero waits for ever: after Envoy's own 15 seconds a listener would start without its routes
    # and answer 404.
    initial_fetch_timeout=timedelta(),
)
