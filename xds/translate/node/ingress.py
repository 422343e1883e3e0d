"""Inbound traffic of a virtual node's proxy: listeners, routes and clusters of the application.

It depends on the node alone, so most commits leave it unchanged.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from envoy_data_plane.envoy.config.listener import v3 as envoy_listener

from mesh.spec import VirtualNodeSpec
from mesh.spec.common import IpPreference, PortMapping
from mesh.spec.listener import TcpTimeout
from mesh.spec.logging import Logging
from mesh.spec.tls import ListenerTls
from mesh.spec.virtual_node import Listener
from xds.nodes import APPLICATION, Addressing, Explicit, ProxyIdentity
from xds.translate import naming, timeouts
from xds.translate.addresses import application_address
from xds.translate.clusters import clusters
from xds.translate.listeners import listeners
from xds.translate.listeners.filters import http_filter, tcp_filter
from xds.translate.parts import Part
from xds.translate.resources import Resources
from xds.translate.routes.routes import ingress_route_configuration
from xds.translate.sharing import SHARED
from xds.translate.tls.tls import listener_security, secrets_of
from xds.wire.identity_cache import IdentityCache

_ADDRESSINGS: Final = 64
"""Maximum cached parts per spec: each of its proxies may have its own addresses."""
_parts_of: Final = IdentityCache[
    VirtualNodeSpec, dict[tuple[ProxyIdentity, IpPreference | None], Part]
]()


def ingress_part(
    proxy: ProxyIdentity, spec: VirtualNodeSpec, preference: IpPreference | None
) -> Part:
    """Return the inbound part; the same object as long as the node's spec is the same object."""
    known, key = _parts_of.get(spec, lambda _: {}), (proxy, preference)
    if key not in known:
        if len(known) >= _ADDRESSINGS:
            known.clear()
        # Without the spec itself, which would then never be freed.
        found = {listener.port_mapping.port: listener for listener in spec.listeners or ()}
        inputs = tuple(found[port] for port in sorted(found))
        inbound = _Inbound(
            proxy.key.mesh, proxy.key.name, proxy.addressing, preference, inputs, spec.logging
        )
        known[key] = Part(inbound.resources)
    return known[key]


class _Inbound(NamedTuple):
    """Everything that the inbound part depends on."""

    mesh: str
    node: str
    addressing: Addressing
    preference: IpPreference | None
    listeners: tuple[Listener, ...]
    """Sorted by port, one per port; validation refuses repeated ports."""
    logging: Logging | None

    def resources(self) -> Resources:
        """Return the listeners, routes, clusters and secrets of inbound traffic."""
        explicit = self.addressing if isinstance(self.addressing, Explicit) else None
        return Resources(
            listeners=_listeners(
                None if explicit is None else explicit.ingress,
                self.preference,
                tuple(self._entrance(listener) for listener in self.listeners),
                self.logging,
            ),
            routes=tuple(
                ingress_route_configuration(
                    self.node, each.port_mapping, self._cluster(each.port_mapping), each.timeout
                )
                for each in self.listeners
                if each.port_mapping.protocol != "tcp"
            ),
            clusters=tuple(
                clusters.ingress_cluster(self.mesh, self.node, each, self._application(explicit))
                for each in self.listeners
            ),
            endpoints=(),
            secrets=secrets_of(
                listener_security(each.tls, each.port_mapping.protocol).encryption
                for each in self.listeners
            ),
        )

    def _entrance(self, listener: Listener) -> "_Entrance":
        mapping = listener.port_mapping
        if mapping.protocol != "tcp":
            return _Entrance(mapping, listener.tls)
        idle = timeouts.of_tcp_listener(listener.timeout)
        return _Entrance(mapping, listener.tls, self._cluster(mapping), idle)

    def _application(self, explicit: Explicit | None) -> str:
        if explicit is not None:
            return explicit.application or APPLICATION
        return application_address(self.preference)

    def _cluster(self, mapping: PortMapping) -> str:
        return naming.ingress_cluster(self.mesh, self.node, mapping)


class _Entrance(NamedTuple):
    """A port of an inbound listener; only that of a TCP port depends on the node."""

    mapping: PortMapping
    tls: ListenerTls | None
    cluster: str = ""
    idle: TcpTimeout | None = None


@lru_cache(SHARED)
def _listeners(
    address: str | None,
    preference: IpPreference | None,
    entrances: tuple[_Entrance, ...],
    logging: Logging | None,
) -> tuple[envoy_listener.Listener, ...]:
    alone = len(entrances) == 1
    ports = [
        listeners.Port(
            each.mapping.port,
            _filter(each, logging, alone=alone),
            listener_security(each.tls, each.mapping.protocol),
        )
        for each in entrances
    ]
    if address is not None:
        return tuple(listeners.explicit_ingress(address, ports))
    return tuple(listeners.intercepted_ingress(preference, ports))


def _filter(each: _Entrance, logging: Logging | None, *, alone: bool) -> envoy_listener.Filter:
    prefix = naming.ingress_stat_prefix(each.mapping, alone=alone)
    if each.mapping.protocol == "tcp":
        return tcp_filter(prefix, each.cluster, each.idle, logging)
    routes = naming.ingress_routes(each.mapping)
    return http_filter(prefix, routes, each.mapping.protocol, logging)
