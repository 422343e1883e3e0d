"""Features of called virtual nodes that a gRPC client does not support."""

from collections.abc import Iterator, Sequence

from mesh.graph.finding import phrase
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.problems.problem import Problem
from mesh.resource import Resource, Steps
from xds.translate import timeouts
from xds.translate.addresses import node_preference
from xds.translate.clusters.endpoints import dns_discovery
from xds.translate.proxyless.clusters import reachable
from xds.translate.proxyless.dialled import speaks_grpc
from xds.translate.proxyless.limit import limit
from xds.translate.services import Service, Upstream, upstreams


def target_limits(graph: MeshGraph, called: Sequence[Service]) -> Iterator[Problem]:
    """Yield the unsupported features of the nodes behind these services."""
    for upstream in upstreams(called):
        node = _node(graph, upstream)
        if node is not None:
            yield from _protocol(node, upstream)
            yield from _encryption(node, upstream)
            yield from _health(node, upstream)
            yield from _discovery(graph, node, upstream)
    for port in (port for service in called for port in service.ports):
        node = None if port.direct is None else _node(graph, port.direct)
        if port.direct is not None and node is not None:
            yield from _standing_still(node, port.direct)


def _node(graph: MeshGraph, upstream: Upstream) -> Resource | None:
    return graph.get(ResourceKey.of(Kind.VIRTUAL_NODE, upstream.mesh, upstream.node))


def _listener(upstream: Upstream) -> Steps:
    listeners = upstream.spec.listeners or ()
    return "spec", "listeners", listeners.index(upstream.listener)


def _protocol(node: Resource, upstream: Upstream) -> Iterator[Problem]:
    mapping = upstream.listener.port_mapping
    if not speaks_grpc(mapping):
        steps = (*_listener(upstream), "portMapping", "protocol")
        message = f"gRPC does not speak {mapping.protocol}, so calls to {phrase(node.key)} fail"
        yield limit(node, steps, "grpc-target-protocol", message)


def _encryption(node: Resource, upstream: Upstream) -> Iterator[Problem]:
    if upstream.tls is None:
        return
    steps = _listener(upstream)
    if reachable(upstream):
        message = f"gRPC speaks plain text to {phrase(node.key)}, which offers TLS"
        yield limit(node, (*steps, "tls"), "grpc-plain-text", message)
    else:
        message = f"gRPC does not speak TLS, so calls to {phrase(node.key)} fail"
        yield limit(node, (*steps, "tls"), "grpc-tls", message)


def _health(node: Resource, upstream: Upstream) -> Iterator[Problem]:
    steps, listener = _listener(upstream), upstream.listener
    if listener.health_check is not None:
        message = f"gRPC does not ask instances of {phrase(node.key)} whether they are well"
        yield limit(node, (*steps, "healthCheck"), "grpc-ignored", message)
    if listener.outlier_detection is not None:
        most = listener.outlier_detection.max_server_errors
        message = f"gRPC ejects who fails all calls of an interval, from {most} on, not in a row"
        yield limit(node, (*steps, "outlierDetection"), "grpc-outlier-detection", message)


def _standing_still(node: Resource, upstream: Upstream) -> Iterator[Problem]:
    timeout = timeouts.of_listener(upstream.listener.timeout)
    if timeout is not None and timeout.idle is not None:
        steps = (*_listener(upstream), "timeout")
        yield limit(node, steps, "grpc-ignored", "gRPC ends no call for standing still")


def _discovery(graph: MeshGraph, node: Resource, upstream: Upstream) -> Iterator[Problem]:
    dns = dns_discovery(graph, upstream.mesh, upstream.spec)
    if dns is None:
        return
    steps: Steps = ("spec", "serviceDiscovery")
    if dns.response_type == "ENDPOINTS":
        message = f"gRPC connects to one address of {dns.hostname!r} at a time"
        yield limit(node, steps, "grpc-one-address", message)
    preference = node_preference(graph.mesh_spec(upstream.mesh), upstream.spec)
    if preference is not None:
        message = f"gRPC asks for both IP versions of {dns.hostname!r}, whatever is preferred"
        yield limit(node, steps, "grpc-ignored", message)
