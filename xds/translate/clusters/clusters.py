"""Clusters: the application behind a proxy, listeners of other nodes, and destinations outside."""

from datetime import timedelta
from functools import lru_cache
from typing import Final

from envoy_data_plane.envoy.config.cluster import v3 as envoy_cluster
from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.extensions.upstreams.http import v3 as envoy_http
from envoy_data_plane.google.protobuf import Any as ProtobufAny

from mesh.linking import MeshGraph
from mesh.spec.common import GatewayPortMapping, IpPreference, PortMapping
from mesh.spec.virtual_gateway import VirtualGatewayListener
from mesh.spec.virtual_node import DnsServiceDiscovery, Listener, VirtualNodeSpec
from xds.translate import naming
from xds.translate.addresses import lookup_family, node_preference, one_endpoint
from xds.translate.clusters.endpoints import dns_discovery
from xds.translate.clusters.health import health_checks, outlier_detection
from xds.translate.clusters.pools import NO_LIMITS, circuit_breakers
from xds.translate.config_source import ADS_ENDPOINTS
from xds.translate.packed import packed
from xds.translate.services import Upstream
from xds.translate.sharing import SHARED, of_graph
from xds.translate.tls.tls import Encryption, client_encryption

_LOCAL_CONNECT_TIMEOUT: Final = timedelta(milliseconds=250)
_CONNECT_TIMEOUT: Final = timedelta(seconds=1)

_HTTP2: Final = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": packed(
        envoy_http.HttpProtocolOptions(
            explicit_http_config=envoy_http.HttpProtocolOptionsExplicitHttpConfig(
                http2_protocol_options=envoy_core.Http2ProtocolOptions()
            )
        )
    )
}


def ingress_cluster(
    mesh: str, node: str, listener: Listener, application: str
) -> envoy_cluster.Cluster:
    """Return the cluster of the application behind one listener of its node."""
    mapping = listener.port_mapping
    name = naming.ingress_cluster(mesh, node, mapping)
    return envoy_cluster.Cluster(
        name=name,
        type=envoy_cluster.ClusterDiscoveryType.STATIC,
        connect_timeout=_LOCAL_CONNECT_TIMEOUT,
        load_assignment=one_endpoint(name, application, mapping.port),
        circuit_breakers=circuit_breakers(listener.connection_pool),
        typed_extension_protocol_options=_protocol(mapping),
    )


def egress_cluster(graph: MeshGraph, upstream: Upstream) -> envoy_cluster.Cluster:
    """Return the cluster of a virtual node's listener, with the node's service discovery.

    The cluster depends only on whether a document lists instances, not on the instances themselves.
    """
    known: dict[object, envoy_cluster.Cluster] = of_graph(graph, "clusters")
    key = upstream.cluster, upstream.tls
    if key not in known:
        preference = node_preference(graph.mesh_spec(upstream.mesh), upstream.spec)
        dns = dns_discovery(graph, upstream.mesh, upstream.spec)
        known[key] = _egress_cluster(upstream, preference, dns)
    return known[key]


@lru_cache(SHARED)
def _egress_cluster(
    upstream: Upstream, preference: IpPreference | None, dns: DnsServiceDiscovery | None
) -> envoy_cluster.Cluster:
    return _eds_cluster(upstream) if dns is None else _dns_cluster(upstream, dns, preference)


def encryption(upstream: Upstream) -> Encryption | None:
    """Return the TLS settings towards an upstream, or None for plain text."""
    if upstream.tls is None:
        return None
    protocol = upstream.listener.port_mapping.protocol
    return client_encryption(upstream.tls, _hostname(upstream.spec), protocol)


def _socket(upstream: Upstream) -> envoy_core.TransportSocket | None:
    found = encryption(upstream)
    return None if found is None else found.socket


def _statistics(upstream: Upstream) -> str:
    """Return the name in a cluster's statistics: the one that App Mesh used, whatever the cluster's
    name is."""
    if not upstream.own_policy_of:
        return ""
    return naming.egress_cluster(upstream.mesh, upstream.node, upstream.listener.port_mapping)


def self_redirect_cluster(
    mesh: str, gateway: str, listener: VirtualGatewayListener, address: str, *, alone: bool
) -> envoy_cluster.Cluster:
    """Return the cluster from a gateway listener to the gateway's own egress listener."""
    name = naming.self_redirect_cluster(mesh, gateway, listener.port_mapping, alone=alone)
    return envoy_cluster.Cluster(
        name=name,
        type=envoy_cluster.ClusterDiscoveryType.STATIC,
        connect_timeout=_LOCAL_CONNECT_TIMEOUT,
        load_assignment=one_endpoint(name, address, naming.EGRESS_PORT),
        circuit_breakers=circuit_breakers(listener.connection_pool),
        typed_extension_protocol_options=_protocol(listener.port_mapping),
    )


def original_cluster(name: str) -> envoy_cluster.Cluster:
    """Return the cluster that connects to a connection's original destination."""
    return envoy_cluster.Cluster(
        name=name,
        type=envoy_cluster.ClusterDiscoveryType.ORIGINAL_DST,
        lb_policy=envoy_cluster.ClusterLbPolicy.CLUSTER_PROVIDED,
        connect_timeout=_CONNECT_TIMEOUT,
        circuit_breakers=NO_LIMITS,
    )


def _dns_cluster(
    upstream: Upstream, dns: DnsServiceDiscovery, preference: IpPreference | None
) -> envoy_cluster.Cluster:
    mapping = upstream.listener.port_mapping
    every = dns.response_type == "ENDPOINTS"
    discovery = envoy_cluster.ClusterDiscoveryType
    return envoy_cluster.Cluster(
        name=upstream.cluster,
        alt_stat_name=_statistics(upstream),
        type=discovery.STRICT_DNS if every else discovery.LOGICAL_DNS,
        connect_timeout=_CONNECT_TIMEOUT,
        dns_lookup_family=lookup_family(preference),
        load_assignment=one_endpoint(upstream.cluster, dns.hostname, mapping.port),
        health_checks=health_checks(upstream.listener, dns.hostname),
        outlier_detection=outlier_detection(upstream.listener.outlier_detection),
        # Remove an instance whose address is gone, healthy or not, as App Mesh did.
        ignore_health_on_host_removal=True,
        circuit_breakers=NO_LIMITS,
        typed_extension_protocol_options=_protocol(mapping),
        transport_socket=_socket(upstream),
    )


def _eds_cluster(upstream: Upstream) -> envoy_cluster.Cluster:
    hostname = _hostname(upstream.spec)
    return envoy_cluster.Cluster(
        name=upstream.cluster,
        alt_stat_name=_statistics(upstream),
        type=envoy_cluster.ClusterDiscoveryType.EDS,
        eds_cluster_config=envoy_cluster.ClusterEdsClusterConfig(eds_config=ADS_ENDPOINTS),
        connect_timeout=_CONNECT_TIMEOUT,
        health_checks=health_checks(upstream.listener, hostname),
        outlier_detection=outlier_detection(upstream.listener.outlier_detection),
        ignore_health_on_host_removal=True,
        circuit_breakers=NO_LIMITS,
        typed_extension_protocol_options=_protocol(upstream.listener.port_mapping),
        transport_socket=_socket(upstream),
    )


def _hostname(spec: VirtualNodeSpec) -> str:
    """Return the host name of a node; for Cloud Map, it is ``service.namespace``. Empty if there is
    none."""
    discovery = spec.service_discovery
    if discovery is not None and discovery.dns is not None:
        return discovery.dns.hostname
    found = None if discovery is None else discovery.aws_cloud_map
    return "" if found is None else found.hostname


def _protocol(mapping: PortMapping | GatewayPortMapping) -> dict[str, ProtobufAny]:
    return _HTTP2 if mapping.protocol in ("http2", "grpc") else {}
