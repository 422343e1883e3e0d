"""Config source of named resources: this server, on the proxy's existing stream."""

from datetime import timedelta
from typing import Final

from envoy_data_plane.envoy.config.core import v3 as envoy_core

ADS: Final = envoy_core.ConfigSource(
    ads=envoy_core.AggregatedConfigSource(),
    resource_api_version=envoy_core.ApiVersion.V3,
    # Zero means no timeout: after Envoy's default of 15 seconds a listener would start without its
    # routes and answer 404.
    initial_fetch_timeout=timedelta(),
)
ADS_ENDPOINTS: Final = envoy_core.ConfigSource(
    ads=envoy_core.AggregatedConfigSource(),
    resource_api_version=envoy_core.ApiVersion.V3,
    # Endpoints are sent right after their cluster. If the stream breaks between the two, Envoy
    # would delay the cluster and all later resources. A cluster without endpoints answers 503, as
    # with no registered instances, and uses endpoints as soon as they arrive.
    initial_fetch_timeout=timedelta(seconds=5),
)
