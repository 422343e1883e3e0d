"""Resources of one proxy by type, sorted by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import betterproto2
from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterLoadAssignment
from envoy_data_plane.envoy.config.listener.v3 import Listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import Secret

from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, TypeUrl

Translation: TypeAlias = Mapping[TypeUrl, tuple[betterproto2.Message, ...]]
"""Envoy resources by type, each type sorted by name."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources of one proxy, unsorted."""

    listeners: tuple[Listener, ...]
    routes: tuple[RouteConfiguration, ...]
    clusters: tuple[Cluster, ...]
    endpoints: tuple[ClusterLoadAssignment, ...]
    secrets: tuple[Secret, ...]

    def sorted(self) -> Translation:
        """Return the resources by type; types without resources are present and empty."""
        return {
            CLUSTER: tuple(sorted(self.clusters, key=lambda each: each.name)),
            ENDPOINT: tuple(sorted(self.endpoints, key=lambda each: each.cluster_name)),
            LISTENER: tuple(sorted(self.listeners, key=lambda each: each.name)),
            ROUTE: tuple(sorted(self.routes, key=lambda each: each.name)),
            SECRET: tuple(sorted(self.secrets, key=lambda each: each.name)),
        }


NOTHING: Final = Resources((), (), (), (), ())
"""Resources of a proxy without listeners and backends."""
