"""A virtual node whose gRPC library is its own proxy: it dials ``xds:///<virtual service>``.

The library asks by name, a step at a time: the listener it dials, the routes that names, their
clusters, and their endpoints (gRFCs A27, A28). It has no ingress, no ports to bind and no
certificates, and knows only part of what an Envoy does. What it cannot do is left out here, never
sent in a form that it would refuse, and :mod:`xds.translate.proxyless.limits` tells of it.
"""

from collections.abc import Iterable, Iterator, Sequence

from envoy_data_plane.envoy.config.listener.v3 import Listener

from mesh.graph.ports import backend_services
from mesh.graph.references import backend_names
from mesh.linking import MeshGraph
from mesh.spec import VirtualNodeSpec
from xds.nodes import ProxyIdentity
from xds.translate import naming
from xds.translate.policies import node_policies
from xds.translate.proxyless.clusters import client_cluster, client_endpoints
from xds.translate.proxyless.dialled import dialled
from xds.translate.proxyless.listener import api_listener, closed_listener
from xds.translate.proxyless.routes import client_route_configuration
from xds.translate.resources import Resources
from xds.translate.services import Service, ServicePort, services, upstreams


def translate_proxyless(graph: MeshGraph, proxy: ProxyIdentity, spec: VirtualNodeSpec) -> Resources:
    """Return what a gRPC client gets that speaks for a virtual node: its backends, nothing else."""
    backends = services(graph, backend_services(graph, proxy.key), node_policies(spec))
    called = tuple(
        Service(service.name, ports) for service in backends if (ports := dialled(service.ports))
    )
    found = upstreams(called)
    return Resources(
        listeners=tuple(_listeners(called, _names(spec, backends))),
        routes=tuple(
            client_route_configuration(service.name, port)
            for service in called
            for port in service.ports
        ),
        clusters=tuple(client_cluster(graph, upstream) for upstream in found),
        endpoints=tuple(
            each for upstream in found if (each := client_endpoints(graph, upstream)) is not None
        ),
        secrets=(),
    )


def _names(spec: VirtualNodeSpec, backends: Iterable[Service]) -> Iterator[str]:
    """Yield every name by which somebody might dial a backend, whether or not anybody answers."""
    yield from backend_names(spec)
    for service in backends:
        for port in service.ports:
            yield naming.proxyless_listener(service.name, port.mapping.port)


def _listeners(called: Sequence[Service], names: Iterable[str]) -> Iterator[Listener]:
    """Yield a listener for each name that may be dialled; calls fail at once on ``names`` beside.

    Without a port the only one is meant; among several none is, as nowhere in App Mesh. Of two
    services that want one name, the one that is called so has it.
    """
    routes: dict[str, str] = {}
    for service in called:
        if len(service.ports) == 1:
            routes[service.name] = _routes(service, service.ports[0])
    for service in called:
        for port in service.ports:
            name = naming.proxyless_listener(service.name, port.mapping.port)
            routes.setdefault(name, _routes(service, port))
    for name in routes:
        yield api_listener(name, routes[name])
    for name in dict.fromkeys(names):
        if name not in routes:
            yield closed_listener(name)


def _routes(service: Service, port: ServicePort) -> str:
    return naming.proxyless_routes(service.name, port.mapping.port)
