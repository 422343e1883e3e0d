"""Callable virtual services: their ports, routes and upstreams.

Listeners, routes and clusters of the egress side are all built from these values, so the graph is
traversed once and in one order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mesh.graph.ports import (
    node_listeners,
    provider,
    resource_ports,
    routes_on,
    target_listener,
    usable_targets,
)
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.resource import Resource
from mesh.spec import RouteSpec, VirtualNodeSpec
from mesh.spec.common import PortMapping
from mesh.spec.listener import HttpTimeout
from mesh.spec.virtual_node import Listener
from xds.translate import naming, timeouts
from xds.translate.policies import ClientTls, Policies, Policy
from xds.translate.sharing import of_graph


@dataclass(frozen=True, slots=True)
class Upstream:
    """A listener of a virtual node as its callers see it: one egress cluster."""

    mesh: str
    node: str
    spec: VirtualNodeSpec
    listener: Listener
    tls: ClientTls | None = None
    """TLS settings towards the upstream, or None for plain text."""
    own_policy_of: str = ""
    """The virtual service whose own client policy applies; empty if the default policy does.

    A backend with its own policy always has its own clusters. If backends shared clusters until
    their policies differ, then the commit that makes them differ would, for a moment, send one
    backend's requests with the other's policy.
    """

    @property
    def cluster(self) -> str:
        """Return the name of its cluster."""
        mapping = self.listener.port_mapping
        return naming.egress_cluster(self.mesh, self.node, mapping, self.own_policy_of)


@dataclass(frozen=True, slots=True)
class Share:
    """An upstream with its weight in a route."""

    upstream: Upstream
    weight: int


@dataclass(frozen=True, slots=True)
class Routed:
    """A route with its targets resolved; unresolvable targets are left out."""

    name: str
    spec: RouteSpec
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ServicePort:
    """A port of a virtual service, with its targets.

    ``direct`` is the virtual node that provides the service; without one, ``routes`` are those of
    the virtual router, in matching order.
    """

    mapping: PortMapping
    direct: Upstream | None = None
    routes: tuple[Routed, ...] = ()

    @property
    def timeouts(self) -> tuple[HttpTimeout | None, ...]:
        """Return the timeouts that can apply on this port, one per route."""
        if self.direct is not None:
            return (timeouts.of_listener(self.direct.listener.timeout),)
        return tuple(timeouts.of_route(route.spec) for route in self.routes)

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        """Return every upstream, including those with weight zero."""
        if self.direct is not None:
            return (self.direct,)
        return tuple(share.upstream for route in self.routes for share in route.shares)


@dataclass(frozen=True, slots=True)
class Service:
    """A virtual service with its ports in declared order; no ports without a provider."""

    name: str
    ports: tuple[ServicePort, ...]


def services(
    graph: MeshGraph, resources: Iterable[Resource], policies: Policies
) -> tuple[Service, ...]:
    """Return these virtual services with all ports, routes and upstreams, sorted by name."""
    keys = sorted(resource.key for resource in resources)
    known = of_graph(graph, "services")
    found = []
    for key in keys:
        policy = policies.of(key.name)
        if (key, policy) not in known:
            known[key, policy] = _ports(graph, key, policy)
        found.append(Service(key.name, known[key, policy]))
    return tuple(found)


def upstreams(called: Iterable[Service]) -> tuple[Upstream, ...]:
    """Return the distinct upstreams of these services, sorted by cluster name."""
    found = {
        upstream.cluster: upstream
        for service in called
        for port in service.ports
        for upstream in port.upstreams
    }
    return tuple(found[name] for name in sorted(found))


def _ports(graph: MeshGraph, service: ResourceKey, policy: Policy) -> tuple[ServicePort, ...]:
    found = provider(graph, service)
    if found is None:
        return ()
    if found.key.kind is Kind.VIRTUAL_ROUTER:
        return tuple(
            ServicePort(mapping, routes=_routes(graph, found.key, mapping, policy))
            for mapping in resource_ports(found)
        )
    return tuple(
        ServicePort(listener.port_mapping, direct=upstream)
        for listener in node_listeners(graph, service.mesh, found.key.name)
        if (upstream := _upstream(graph, service.mesh, found.key.name, listener, policy))
    )


def _routes(
    graph: MeshGraph, router: ResourceKey, mapping: PortMapping, policy: Policy
) -> tuple[Routed, ...]:
    tcp = mapping.protocol == "tcp"
    return tuple(
        Routed(route.key.name, route.spec, tuple(_shares(graph, router.mesh, route.spec, policy)))
        for route in routes_on(graph, router, mapping.port)
        if isinstance(route.spec, RouteSpec) and (route.spec.tcp_route is not None) == tcp
    )


def _shares(graph: MeshGraph, mesh: str, route: RouteSpec, policy: Policy) -> Iterable[Share]:
    for target in usable_targets(graph, mesh, route):
        listener = target_listener(graph, mesh, target)
        upstream = _upstream(graph, mesh, target.virtual_node, listener, policy)
        if upstream is not None:
            yield Share(upstream, target.weight)


def _upstream(
    graph: MeshGraph, mesh: str, node: str, listener: Listener | None, policy: Policy
) -> Upstream | None:
    spec = graph.node(mesh, node)
    if spec is None or listener is None:
        return None
    return Upstream(mesh, node, spec, listener, policy.towards(listener), policy.service)
