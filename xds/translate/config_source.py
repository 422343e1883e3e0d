"""Config source of named resources: this server, on the proxy's existing stream."""

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
ADS_ENDPOINTS: Final = envoy_core.ConfigSource(
    ads=envoy_core.AggregatedConfigSource(),
    resource_api_version=envoy_core.ApiVersion.V3,
    # Endpoints come right after their cluster. If the stream breaks between the two, Envoy would
    # wait with the cluster and all that comes after it; one without endpoints answers 503, as
    # while nobody is registered, and takes them up whenever they come.
    initial_fetch_timeout=timedelta(seconds=5),
)
