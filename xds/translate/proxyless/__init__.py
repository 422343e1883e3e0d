"""Translation of a virtual node for a gRPC client without a proxy (``xds:///<virtual service>``).

The gRPC library requests resources by name, one step at a time: the listener of the target, its
routes, their clusters, and their endpoints (gRFCs A27, A28). The library has no ingress, no
listening ports and no certificates, and supports only part of Envoy's features. Unsupported
features are omitted, so that the library never refuses a resource;
:mod:`xds.translate.proxyless.limits` reports them.
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
    """Return the resources of a gRPC client that acts as a virtual node: its backends only."""
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
    """Yield every name that a client may use for a backend, even if the backend has no
    endpoints."""
    yield from backend_names(spec)
    for service in backends:
        for port in service.ports:
            yield naming.proxyless_listener(service.name, port.mapping.port)


def _listeners(called: Sequence[Service], names: Iterable[str]) -> Iterator[Listener]:
    """Yield a listener for each name that a client may use; calls to other ``names`` fail at once.

    A name without a port means the only port of the service; if there are several, it means none,
    as everywhere in App Mesh. If two services could have the same name, the service with exactly
    that name gets it.
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
