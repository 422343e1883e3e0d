"""Endpoints of nodes that are found through a registry rather than by name."""

from envoy_data_plane.envoy.config.endpoint import v3 as envoy_endpoint

from xds.translate.services import Upstream


def endpoints(upstream: Upstream) -> envoy_endpoint.ClusterLoadAssignment | None:
    """Return the endpoints of an upstream, None where Envoy finds them itself, by name.

    A registry is still to come, so a node of Cloud Map has none: its callers get 503 and, unlike
    with a missing resource, Envoy does not wait for it.
    """
    discovery = upstream.spec.service_discovery
    if discovery is not None and discovery.dns is not None:
        return None
    return envoy_endpoint.ClusterLoadAssignment(cluster_name=upstream.cluster)
