"""Configuration of a virtual node's proxy: inbound traffic and calls to backends."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from envoy_data_plane.envoy.config.cluster.v3 import Cluster as EnvoyCluster
from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration

from mesh.graph.ports import backend_services
from mesh.linking import MeshGraph
from mesh.spec import MeshSpec, VirtualNodeSpec
from mesh.spec.common import PortMapping
from mesh.spec.logging import Logging
from mesh.spec.virtual_node import Listener
from xds.nodes import APPLICATION, Explicit, ProxyIdentity
from xds.translate import naming, timeouts
from xds.translate.addresses import application_address, node_preference
from xds.translate.clusters import clusters
from xds.translate.clusters.endpoints import endpoints
from xds.translate.listeners import listeners
from xds.translate.listeners.filters import http_filter, tcp_filter, weighted_tcp_filter
from xds.translate.policies import node_policies
from xds.translate.resources import Resources
from xds.translate.routes.routes import egress_route_configuration, ingress_route_configuration
from xds.translate.services import Service, ServicePort, services, upstreams
from xds.translate.tls.tls import Encryption, listener_security, secrets_of
from xds.wire.identity_cache import IdentityCache

T = TypeVar("T")

_ADDRESSINGS: Final = 64
"""Maximum cached results per spec: each of its proxies may have its own addresses."""
_known_of: Final = IdentityCache[VirtualNodeSpec, dict[Hashable, Any]]()


@dataclass(frozen=True, slots=True)
class _EgressPort:
    """A port on which backends are called, with all services on it."""

    mapping: PortMapping
    called: tuple[tuple[Service, ServicePort], ...]


@dataclass(frozen=True, slots=True)
class _WaysOut:
    """Clusters for destinations outside the mesh: for all such destinations, or for AWS only."""

    everywhere: str | None = None
    aws: str | None = None

    @property
    def clusters(self) -> list[str]:
        return [name for name in (self.everywhere, self.aws) if name is not None]


def translate_node(graph: MeshGraph, proxy: ProxyIdentity, spec: VirtualNodeSpec) -> Resources:
    """Return the resources of a virtual node's proxy.

    With explicit addressing the application connects directly to destinations outside the mesh, so
    the mesh's egress filter has no effect there: a host that is no backend gets 404.
    """
    mesh = graph.mesh_spec(proxy.key.mesh)
    called = services(graph, backend_services(graph, proxy.key), node_policies(spec))
    ports = _egress_ports(called)
    ways_out = _ways_out(graph, proxy, mesh)
    found = upstreams(called)
    return Resources(
        listeners=_known_listeners(proxy, mesh, spec, ports, ways_out),
        routes=(
            *_own(spec, ("routes", proxy), lambda: tuple(_ingress_routes(proxy, spec))),
            *_egress_routes(ports, ways_out.everywhere),
        ),
        clusters=(
            *_own(
                spec,
                ("clusters", proxy, mesh),
                lambda: tuple(_ingress_clusters(proxy, mesh, spec)),
            ),
            *(clusters.egress_cluster(graph, upstream) for upstream in found),
            *map(clusters.original_cluster, ways_out.clusters),
        ),
        endpoints=tuple(
            each for upstream in found if (each := endpoints(graph, upstream)) is not None
        ),
        secrets=secrets_of((*_own_encryption(spec), *map(clusters.encryption, found))),
    )


def _own(spec: VirtualNodeSpec, key: Hashable, work: Callable[[], T]) -> T:
    """Return a result that depends only on this spec object and the key, cached.

    Most commits that affect a node change its backends, not the node itself.
    """
    known = _known_of.get(spec, lambda _: {})
    if key not in known:
        if len(known) >= _ADDRESSINGS:
            known.clear()
        known[key] = work()
    found: T = known[key]
    return found


def _known_listeners(
    proxy: ProxyIdentity,
    mesh: MeshSpec,
    spec: VirtualNodeSpec,
    egress: tuple[_EgressPort, ...],
    ways_out: _WaysOut,
) -> tuple[envoy_listener.Listener, ...]:
    # HTTP routes are not part of a listener.
    called = tuple(each if each.mapping.protocol == "tcp" else each.mapping for each in egress)
    return _own(
        spec,
        ("listeners", proxy, mesh, called, ways_out),
        lambda: _listeners(proxy, mesh, spec, egress, ways_out),
    )


def _own_encryption(spec: VirtualNodeSpec) -> Iterable[Encryption | None]:
    for listener in _sorted(spec):
        yield listener_security(listener.tls, listener.port_mapping.protocol).encryption


def _egress_ports(called: Iterable[Service]) -> tuple[_EgressPort, ...]:
    """Group services by the port on which they are called. Linking refuses two protocols on one
    port."""
    by_port: dict[int, list[tuple[Service, ServicePort]]] = {}
    for service in called:
        for port in service.ports:
            by_port.setdefault(port.mapping.port, []).append((service, port))
    return tuple(_egress_port(by_port[port]) for port in sorted(by_port))


def _egress_port(called: Sequence[tuple[Service, ServicePort]]) -> _EgressPort:
    mapping = called[0][1].mapping
    tcp = mapping.protocol == "tcp"
    return _EgressPort(
        mapping, tuple(each for each in called if (each[1].mapping.protocol == "tcp") == tcp)
    )


def _ways_out(graph: MeshGraph, proxy: ProxyIdentity, mesh: MeshSpec) -> _WaysOut:
    if isinstance(proxy.addressing, Explicit):
        return _WaysOut()
    if mesh.egress_filter is not None and mesh.egress_filter.type == "ALLOW_ALL":
        return _WaysOut(everywhere=naming.allow_all_cluster(proxy.key.mesh))
    if graph.settings.egress_to_aws:
        return _WaysOut(aws=naming.aws_cluster(proxy.key.mesh))
    return _WaysOut()


def _listeners(
    proxy: ProxyIdentity,
    mesh: MeshSpec,
    spec: VirtualNodeSpec,
    egress: Iterable[_EgressPort],
    ways_out: _WaysOut,
) -> tuple[envoy_listener.Listener, ...]:
    inward = _ingress_ports(proxy, spec)
    outward = [port for each in egress if (port := _egress_filter(each, spec.logging)) is not None]
    if isinstance(proxy.addressing, Explicit):
        return (
            *listeners.explicit_ingress(proxy.addressing.ingress, inward),
            *listeners.explicit_egress(proxy.addressing.egress, outward),
        )
    preference = node_preference(mesh, spec)
    everywhere, aws = (
        None if way is None else tcp_filter(naming.EGRESS_STAT_PREFIX, way, None, spec.logging)
        for way in (ways_out.everywhere, ways_out.aws)
    )
    return (
        *listeners.intercepted_ingress(preference, inward),
        *listeners.intercepted_egress(preference, outward, everywhere, aws),
    )


def _ingress_ports(proxy: ProxyIdentity, spec: VirtualNodeSpec) -> list[listeners.Port]:
    alone = len(spec.listeners or ()) == 1
    return [
        listeners.Port(
            listener.port_mapping.port,
            _ingress_filter(proxy, listener, spec.logging, alone=alone),
            listener_security(listener.tls, listener.port_mapping.protocol),
        )
        for listener in _sorted(spec)
    ]


def _ingress_filter(
    proxy: ProxyIdentity, listener: Listener, logging: Logging | None, *, alone: bool
) -> envoy_listener.Filter:
    mapping = listener.port_mapping
    prefix = naming.ingress_stat_prefix(mapping, alone=alone)
    if mapping.protocol == "tcp":
        idle = timeouts.of_tcp_listener(listener.timeout)
        return tcp_filter(prefix, _application(proxy, mapping), idle, logging)
    return http_filter(prefix, naming.ingress_routes(mapping), mapping.protocol, logging)


def _egress_filter(port: _EgressPort, logging: Logging | None) -> listeners.Port | None:
    mapping, prefix = port.mapping, naming.EGRESS_STAT_PREFIX
    if mapping.protocol != "tcp":
        routes = naming.egress_routes(mapping.protocol, mapping.port)
        return listeners.Port(mapping.port, http_filter(prefix, routes, mapping.protocol, logging))
    # A TCP connection has no host: the first service gets the port (the linker rejects a second).
    filter_ = _tcp_filter(port.called[0][1], logging)
    return None if filter_ is None else listeners.Port(mapping.port, filter_)


def _tcp_filter(port: ServicePort, logging: Logging | None) -> envoy_listener.Filter | None:
    prefix = naming.EGRESS_STAT_PREFIX
    if port.direct is not None:
        idle = timeouts.of_tcp_listener(port.direct.listener.timeout)
        return tcp_filter(prefix, port.direct.cluster, idle, logging)
    if not port.routes:
        return None
    first = port.routes[0]
    idle = timeouts.of_tcp_route(first.spec)
    return weighted_tcp_filter(prefix, first.shares, idle, logging)


def _ingress_routes(proxy: ProxyIdentity, spec: VirtualNodeSpec) -> Iterable[RouteConfiguration]:
    for listener in _sorted(spec):
        mapping = listener.port_mapping
        if mapping.protocol != "tcp":
            cluster = _application(proxy, mapping)
            yield ingress_route_configuration(proxy.key.name, mapping, cluster, listener.timeout)


def _egress_routes(
    ports: Iterable[_EgressPort], allow_all: str | None
) -> Iterable[RouteConfiguration]:
    for port in ports:
        if port.mapping.protocol != "tcp":
            yield egress_route_configuration(port.mapping, port.called, allow_all)


def _ingress_clusters(
    proxy: ProxyIdentity, mesh: MeshSpec, spec: VirtualNodeSpec
) -> Iterable[EnvoyCluster]:
    if isinstance(proxy.addressing, Explicit):
        address = proxy.addressing.application or APPLICATION
    else:
        address = application_address(node_preference(mesh, spec))
    for listener in _sorted(spec):
        yield clusters.ingress_cluster(proxy.key.mesh, proxy.key.name, listener, address)


def _application(proxy: ProxyIdentity, mapping: PortMapping) -> str:
    return naming.ingress_cluster(proxy.key.mesh, proxy.key.name, mapping)


def _sorted(spec: VirtualNodeSpec) -> list[Listener]:
    """Return a node's listeners sorted by port, one per port; validation refuses repeated ports."""
    found = {listener.port_mapping.port: listener for listener in spec.listeners or ()}
    return [found[port] for port in sorted(found)]
