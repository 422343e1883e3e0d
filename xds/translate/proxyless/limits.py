"""Warnings about spec features that Envoy supports and a gRPC client does not."""

from collections.abc import Iterable, Iterator

from mesh.graph.finding import listing, phrase
from mesh.graph.ports import backend_services, provider, resource_ports, routes_on
from mesh.graph.references import backend_names
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.problems.problem import Problem
from mesh.resource import Resource
from mesh.spec import VirtualNodeSpec
from xds.nodes import ProxyIdentity
from xds.translate.policies import node_policies
from xds.translate.proxyless.dialled import dialled, speaks_grpc
from xds.translate.proxyless.limit import limit
from xds.translate.proxyless.route_limits import route_limits
from xds.translate.proxyless.target_limits import target_limits
from xds.translate.services import Service, services
from xds.translate.tls.acm import mapped_node


def client_limits(graph: MeshGraph, proxy: ProxyIdentity) -> tuple[Problem, ...]:
    """Return the unsupported features that affect a gRPC client, sorted by position.

    All are warnings. The result is empty if the virtual node does not exist.
    """
    resource = graph.get(proxy.key)
    if resource is None or not isinstance(resource.spec, VirtualNodeSpec):
        return ()
    spec = mapped_node(resource.spec, graph.settings)
    backends = backend_services(graph, proxy.key)
    called = services(graph, backends, node_policies(spec))
    found = {
        *_own(resource, spec),
        *_ports(resource, spec, called),
        *_routes(graph, backends),
        *target_limits(graph, [Service(each.name, dialled(each.ports)) for each in called]),
    }
    return tuple(sorted(found))


def _own(resource: Resource, spec: VirtualNodeSpec) -> Iterator[Problem]:
    if spec.logging is not None:
        yield limit(resource, ("spec", "logging"), "grpc-ignored", "gRPC writes no access log")
    for index, listener in enumerate(spec.listeners or ()):
        fields = {
            "tls": listener.tls,
            "connectionPool": listener.connection_pool,
            "timeout": listener.timeout,
        }
        for name in (name for name, value in fields.items() if value is not None):
            yield limit(
                resource,
                ("spec", "listeners", index, name),
                "grpc-no-ingress",
                f"no proxy of {phrase(resource.key)} sees to the {name} of what reaches it",
            )


def _ports(
    resource: Resource, spec: VirtualNodeSpec, called: Iterable[Service]
) -> Iterator[Problem]:
    backends = list(backend_names(spec))
    for service in called:
        place = ("spec", "backends", backends.index(service.name))
        mappings = [port.mapping for port in service.ports]
        others = tuple(mapping for mapping in mappings if not speaks_grpc(mapping))
        if others:
            yield limit(
                resource,
                place,
                "grpc-undialled-port",
                f'gRPC cannot dial "{service.name}" on {listing(others)}',
            )
        ours = [mapping.port for mapping in mappings if speaks_grpc(mapping)]
        if len(ours) > 1:
            names = " or ".join(f"xds:///{service.name}:{port}" for port in ours)
            message = f'"{service.name}" alone means none of its ports: dial {names}'
            yield limit(resource, place, "grpc-port-needed", message)


def _routes(graph: MeshGraph, backends: Iterable[Resource]) -> Iterator[Problem]:
    for service in backends:
        router = provider(graph, service.key)
        if router is None or router.key.kind is not Kind.VIRTUAL_ROUTER:
            continue
        for route in _routes_of(graph, router.key, router):
            yield from route_limits(route)


def _routes_of(graph: MeshGraph, key: ResourceKey, router: Resource) -> Iterator[Resource]:
    for mapping in resource_ports(router):
        if speaks_grpc(mapping):
            yield from routes_on(graph, key, mapping.port)
