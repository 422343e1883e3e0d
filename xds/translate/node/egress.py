"""Calls of a virtual node to its backends: listeners, routes, clusters, endpoints and secrets.

Nodes with equal keys share the part of a graph, so a commit is translated once for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration

from mesh.graph.references import backend_names
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.spec import VirtualNodeSpec
from mesh.spec.common import IpPreference, PortMapping
from mesh.spec.logging import Logging
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import naming, timeouts
from xds.translate.clusters import clusters
from xds.translate.clusters.endpoints import endpoints
from xds.translate.listeners import listeners
from xds.translate.listeners.filters import http_filter, tcp_filter, weighted_tcp_filter
from xds.translate.parts import Part
from xds.translate.policies import Policies, Policy, node_policies
from xds.translate.resources import Resources
from xds.translate.routes.routes import egress_route_configuration
from xds.translate.services import Service, ServicePort, services, upstreams
from xds.translate.sharing import SHARED, of_graph
from xds.translate.tls.tls import secrets_of
from xds.wire.identity_cache import IdentityCache


class Calls(NamedTuple):
    """The virtual services that a node calls, and its client policies."""

    mesh: str
    services: tuple[str, ...]
    """Sorted, without duplicates; they need not exist."""
    default: Policy
    own: tuple[tuple[str, Policy], ...]
    """Policies of single services, sorted by service."""

    def resolved(self, graph: MeshGraph) -> tuple[Service, ...]:
        """Return those services that exist, sorted by name."""
        keys = (ResourceKey.of(Kind.VIRTUAL_SERVICE, self.mesh, name) for name in self.services)
        found = (each for key in keys if (each := graph.get(key)) is not None)
        return services(graph, found, Policies(self.default, dict(self.own)))


_calls_of: Final = IdentityCache[VirtualNodeSpec, dict[str, Calls]]()


def calls_of(mesh: str, spec: VirtualNodeSpec) -> Calls:
    """Return the calls of a node of this mesh."""
    known = _calls_of.get(spec, lambda _: {})
    if mesh not in known:
        policies = node_policies(spec)
        names = tuple(sorted(set(backend_names(spec))))
        known[mesh] = Calls(
            mesh,
            names,
            policies.default,
            tuple(sorted(policies.own.items(), key=lambda each: each[0])),
        )
    return known[mesh]


class EgressKey(NamedTuple):
    """Everything besides the graph that the outbound part depends on."""

    calls: Calls
    address: str | None
    """Address that the application calls; ``None`` if its traffic is redirected."""
    preference: IpPreference | None
    logging: Logging | None


def egress_key(
    proxy: ProxyIdentity, spec: VirtualNodeSpec, preference: IpPreference | None
) -> EgressKey:
    """Return the key of a proxy's outbound part."""
    address = proxy.addressing.egress if isinstance(proxy.addressing, Explicit) else None
    return EgressKey(calls_of(proxy.key.mesh, spec), address, preference, spec.logging)


def egress_part(graph: MeshGraph, key: EgressKey) -> Part:
    """Return the outbound part; the same object for equal keys.

    With explicit addressing the application connects directly to destinations outside the mesh, so
    the mesh's egress filter has no effect there: a host that is no backend gets 404.
    """
    known = of_graph(graph, "egress")
    if key not in known:
        known[key] = Part.of(_resources(graph, key))
    part: Part = known[key]
    return part


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


def _resources(graph: MeshGraph, key: EgressKey) -> Resources:
    called = key.calls.resolved(graph)
    ports, ways_out, found = _ports(called), _ways_out(graph, key), upstreams(called)
    return Resources(
        listeners=_listeners(
            key.address,
            key.preference,
            tuple(each if each.mapping.protocol == "tcp" else each.mapping for each in ports),
            ways_out,
            key.logging,
        ),
        routes=tuple(_routes(ports, ways_out.everywhere)),
        clusters=(
            *(clusters.egress_cluster(graph, upstream) for upstream in found),
            *map(clusters.original_cluster, ways_out.clusters),
        ),
        endpoints=tuple(
            each for upstream in found if (each := endpoints(graph, upstream)) is not None
        ),
        secrets=secrets_of(map(clusters.encryption, found)),
    )


def _ports(called: Iterable[Service]) -> tuple[_EgressPort, ...]:
    """Group services by the port on which they are called. Linking refuses two protocols on one
    port."""
    by_port: dict[int, list[tuple[Service, ServicePort]]] = {}
    for service in called:
        for port in service.ports:
            by_port.setdefault(port.mapping.port, []).append((service, port))
    return tuple(_port(by_port[port]) for port in sorted(by_port))


def _port(called: Sequence[tuple[Service, ServicePort]]) -> _EgressPort:
    mapping = called[0][1].mapping
    tcp = mapping.protocol == "tcp"
    return _EgressPort(
        mapping, tuple(each for each in called if (each[1].mapping.protocol == "tcp") == tcp)
    )


def _ways_out(graph: MeshGraph, key: EgressKey) -> _WaysOut:
    if key.address is not None:
        return _WaysOut()
    mesh = graph.mesh_spec(key.calls.mesh)
    if mesh.egress_filter is not None and mesh.egress_filter.type == "ALLOW_ALL":
        return _WaysOut(everywhere=naming.allow_all_cluster(key.calls.mesh))
    if graph.settings.egress_to_aws:
        return _WaysOut(aws=naming.aws_cluster(key.calls.mesh))
    return _WaysOut()


@lru_cache(SHARED)
def _listeners(
    address: str | None,
    preference: IpPreference | None,
    egress: tuple[_EgressPort | PortMapping, ...],
    ways_out: _WaysOut,
    logging: Logging | None,
) -> tuple[envoy_listener.Listener, ...]:
    """Return the listeners; of HTTP ports only the mapping is given, because their routes are not
    part of a listener."""
    ports = [port for each in egress if (port := _filter(each, logging)) is not None]
    if address is not None:
        return tuple(listeners.explicit_egress(address, ports))
    everywhere, aws = (
        None if way is None else tcp_filter(naming.EGRESS_STAT_PREFIX, way, None, logging)
        for way in (ways_out.everywhere, ways_out.aws)
    )
    return tuple(listeners.intercepted_egress(preference, ports, everywhere, aws))


def _filter(port: _EgressPort | PortMapping, logging: Logging | None) -> listeners.Port | None:
    if isinstance(port, PortMapping):
        routes = naming.egress_routes(port.protocol, port.port)
        filter_ = http_filter(naming.EGRESS_STAT_PREFIX, routes, port.protocol, logging)
        return listeners.Port(port.port, filter_)
    # A TCP connection has no host: the first service gets the port (the linker rejects a second).
    tcp = _tcp_filter(port.called[0][1], logging)
    return None if tcp is None else listeners.Port(port.mapping.port, tcp)


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


def _routes(ports: Iterable[_EgressPort], allow_all: str | None) -> Iterable[RouteConfiguration]:
    for port in ports:
        if port.mapping.protocol != "tcp":
            yield egress_route_configuration(port.mapping, port.called, allow_all)
