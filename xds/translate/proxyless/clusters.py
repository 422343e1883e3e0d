"""Clusters for gRPC clients: with endpoints from this server, or with one name that the client
resolves."""

from datetime import timedelta
from typing import Final

from envoy_data_plane.envoy.config.cluster import v3 as envoy_cluster
from envoy_data_plane.envoy.config.core.v3 import Locality
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterLoadAssignment

from mesh.linking import MeshGraph
from mesh.spec.listener import OutlierDetection
from xds.translate.addresses import one_endpoint
from xds.translate.bounds import count, positive_length
from xds.translate.clusters.endpoints import dns_discovery, endpoints
from xds.translate.clusters.pools import NO_LIMITS
from xds.translate.config_source import ADS_ENDPOINTS
from xds.translate.policies import ClientTls
from xds.translate.proxyless.dialled import speaks_grpc
from xds.translate.services import Upstream

_HERE: Final = Locality(zone="mesh")
"""Locality of all endpoints. It gets a weight, too: gRPC skips endpoints without a locality, and
localities without a weight (gRFC A27)."""
_ALL_BUT_NONE: Final = 99
_LONGEST_EJECTION: Final = timedelta(seconds=300)


def client_cluster(graph: MeshGraph, upstream: Upstream) -> envoy_cluster.Cluster:
    """Return the cluster of a virtual node's listener for a gRPC client.

    gRPC's default limit is 1024 concurrent calls per cluster (gRFC A32); this cluster raises the
    limit.
    """
    dns = dns_discovery(graph, upstream.mesh, upstream.spec)
    cluster = envoy_cluster.Cluster(
        name=upstream.cluster,
        circuit_breakers=NO_LIMITS,
        outlier_detection=_outliers(upstream.listener.outlier_detection),
    )
    if dns is None or not reachable(upstream):
        cluster.type = envoy_cluster.ClusterDiscoveryType.EDS
        cluster.eds_cluster_config = envoy_cluster.ClusterEdsClusterConfig(eds_config=ADS_ENDPOINTS)
    else:
        # The only DNS cluster type that gRPC supports (gRFC A37).
        cluster.type = envoy_cluster.ClusterDiscoveryType.LOGICAL_DNS
        port = upstream.listener.port_mapping.port
        cluster.load_assignment = one_endpoint(upstream.cluster, dns.hostname, port)
    return cluster


def client_endpoints(graph: MeshGraph, upstream: Upstream) -> ClusterLoadAssignment | None:
    """Return the endpoints of a cluster; None if the client resolves a name.

    A cluster that the client cannot reach has no endpoints, so that calls fail instead of being
    sent in plain text.
    """
    if not reachable(upstream):
        return ClusterLoadAssignment(cluster_name=upstream.cluster)
    assignment = endpoints(graph, upstream)
    for place in () if assignment is None else assignment.endpoints:
        place.locality, place.load_balancing_weight = _HERE, 1
    return assignment


def reachable(upstream: Upstream) -> bool:
    """Return whether gRPC clients can reach an upstream: HTTP/2 in plain text.

    A node with permissive TLS accepts plain text, too; but a client policy that enforces TLS makes
    it unreachable.
    """
    tls = upstream.listener.tls
    if not speaks_grpc(upstream.listener.port_mapping):
        return False
    return upstream.tls is None or (
        upstream.tls == ClientTls() and tls is not None and tls.mode == "PERMISSIVE"
    )


def _outliers(outliers: OutlierDetection | None) -> envoy_cluster.OutlierDetection | None:
    """Return the outlier detection for gRPC, which only counts failures in an interval (gRFC A50).

    gRPC cannot count consecutive failures. The closest rule ejects an instance that failed all of
    the same number of calls within an interval. A single instance is never ejected, because none
    would be left.
    """
    if outliers is None:
        return None
    ejection = positive_length(outliers.base_ejection_duration)
    return envoy_cluster.OutlierDetection(
        interval=positive_length(outliers.interval),
        base_ejection_time=ejection,
        max_ejection_time=max(_LONGEST_EJECTION, ejection),
        max_ejection_percent=outliers.max_ejection_percent,
        enforcing_success_rate=0,
        enforcing_failure_percentage=100,
        failure_percentage_threshold=_ALL_BUT_NONE,
        failure_percentage_minimum_hosts=2,
        failure_percentage_request_volume=count(outliers.max_server_errors),
    )
