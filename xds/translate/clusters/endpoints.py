"""Endpoints of nodes whose instances are registered, not resolved by DNS."""

from collections.abc import Iterator
from functools import lru_cache

from envoy_data_plane.envoy.config.endpoint import v3 as envoy_endpoint

from mesh.graph import instances
from mesh.graph.references import instances_key
from mesh.linking import MeshGraph
from mesh.spec import VirtualNodeSpec
from mesh.spec.virtual_node import DnsServiceDiscovery
from xds.translate.addresses import node_preference, socket
from xds.translate.services import Upstream
from xds.translate.sharing import SHARED, of_graph


def dns_discovery(graph: MeshGraph, mesh: str, node: VirtualNodeSpec) -> DnsServiceDiscovery | None:
    """Return the host name that Envoy resolves for a node, or None if Envoy receives the node's
    endpoints.

    A Cloud Map service without a ``ServiceInstances`` document is resolved by DNS, where Cloud
    Map's private namespaces publish it as ``service.namespace`` with one answer per instance.
    """
    discovery = node.service_discovery
    if discovery is None or discovery.dns is not None:
        return None if discovery is None else discovery.dns
    found = discovery.aws_cloud_map
    if found is None or graph.instances(instances_key(mesh, node)) is not None:
        return None
    return DnsServiceDiscovery(hostname=found.hostname, response_type="ENDPOINTS")


def endpoints(graph: MeshGraph, upstream: Upstream) -> envoy_endpoint.ClusterLoadAssignment | None:
    """Return the endpoints of an upstream, or None if Envoy resolves a host name.

    If no instance is registered, the assignment exists and is empty: callers get 503, and Envoy
    does not wait, as it would for a missing resource.
    """
    spec = upstream.spec
    if dns_discovery(graph, upstream.mesh, spec) is not None:
        return None
    known: dict[str, envoy_endpoint.ClusterLoadAssignment] = of_graph(graph, "endpoints")
    cluster = upstream.cluster
    if cluster not in known:
        known[cluster] = _assignment(cluster, tuple(sorted(set(_addresses(graph, upstream)))))
    return known[cluster]


@lru_cache(SHARED)
def _assignment(
    cluster: str, found: tuple[tuple[str, int], ...]
) -> envoy_endpoint.ClusterLoadAssignment:
    assignment = envoy_endpoint.ClusterLoadAssignment(cluster_name=cluster)
    if found:
        assignment.endpoints = [
            envoy_endpoint.LocalityLbEndpoints(
                lb_endpoints=[
                    envoy_endpoint.LbEndpoint(
                        endpoint=envoy_endpoint.Endpoint(address=socket(address, port))
                    )
                    for address, port in found
                ]
            )
        ]
    return assignment


def _addresses(graph: MeshGraph, upstream: Upstream) -> Iterator[tuple[str, int]]:
    spec = upstream.spec
    registered = graph.instances(instances_key(upstream.mesh, spec))
    discovery = None if spec.service_discovery is None else spec.service_discovery.aws_cloud_map
    if registered is None or discovery is None:
        return
    preference = node_preference(graph.mesh_spec(upstream.mesh), spec)
    # An instance is registered with one port, so several listeners cannot use it.
    alone = len(spec.listeners or ()) == 1
    for instance in instances.matching(discovery, registered):
        address = instances.address(instance, preference)
        port = instances.port(instance) if alone else None
        if address is not None:
            yield address, port or upstream.listener.port_mapping.port
