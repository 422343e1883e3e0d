"""Listeners: where a proxy accepts connections, and the filters of each.

With interception, one listener accepts all traffic of one direction and selects a filter chain by
the original destination port; with explicit addressing each port has its own listener.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from envoy_data_plane.envoy.config.core.v3 import Address, TrafficDirection
from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.extensions.filters.listener.original_dst.v3 import OriginalDst
from envoy_data_plane.envoy.extensions.filters.listener.tls_inspector.v3 import TlsInspector
from envoy_data_plane.envoy.type.v3 import Int32Range

from mesh.spec.common import IpPreference
from xds.translate import naming
from xds.translate.addresses import any_socket, socket
from xds.translate.packed import packed
from xds.translate.tls.tls import Security

_ORIGINAL_DESTINATION: Final = envoy_listener.ListenerFilter(
    name="envoy.filters.listener.original_dst", typed_config=packed(OriginalDst())
)
_PLAIN: Final = Security()
_TLS_PORT: Final = 443
_TO_AWS: Final = envoy_listener.FilterChainMatch(
    destination_port=_TLS_PORT, server_names=["*.amazonaws.com"]
)


@dataclass(frozen=True, slots=True)
class Port:
    """A destination port with the filter for its connections."""

    number: int
    filter: envoy_listener.Filter
    security: Security = _PLAIN

    @property
    def ambiguous(self) -> bool:
        """True if a port accepts both TLS and plain text, so that the first bytes decide."""
        return self.security.encryption is not None and self.security.plain


def intercepted_ingress(
    preference: IpPreference | None, ports: Sequence[Port]
) -> list[envoy_listener.Listener]:
    """Return the listener for redirected inbound traffic, if the node has any."""
    name, address = naming.ingress_listener(), any_socket(preference, naming.INGRESS_PORT)
    chains = [chain for port in ports for chain in _chains(port, port.number)]
    asked = [port.number for port in ports if port.ambiguous]
    inspector = _inspector(asked, alone=len(asked) == len(ports))
    return _intercepted(name, address, TrafficDirection.INBOUND, chains, inspector)


def intercepted_egress(
    preference: IpPreference | None,
    ports: Sequence[Port],
    everything_else: envoy_listener.Filter | None,
    aws: envoy_listener.Filter | None = None,
) -> list[envoy_listener.Listener]:
    """Return the listener for redirected outbound traffic, if the application may call any
    destination.

    Without it, outbound connections are refused. ``aws`` is the filter for TLS connections to AWS,
    which are recognised by the server name.
    """
    name, address = naming.egress_listener(), any_socket(preference, naming.EGRESS_PORT)
    chains = [chain for port in ports for chain in _chains(port, port.number)]
    inspector = []
    if aws is not None:
        chains.append(envoy_listener.FilterChain(filter_chain_match=_TO_AWS, filters=[aws]))
        inspector = _inspector([_TLS_PORT], alone=False)
    return _intercepted(
        name, address, TrafficDirection.OUTBOUND, chains, inspector, everything_else
    )


def ingress_listener(name: str, address: Address, port: Port) -> envoy_listener.Listener:
    """Return a listener for inbound traffic without redirection: clients connect to its address."""
    return _direct(name, address, TrafficDirection.INBOUND, port)


def egress_listener(name: str, address: Address, port: Port) -> envoy_listener.Listener:
    """Return a listener for outbound traffic without redirection: the application connects to its
    address."""
    return _direct(name, address, TrafficDirection.OUTBOUND, port)


def explicit_ingress(address: str, ports: Sequence[Port]) -> list[envoy_listener.Listener]:
    """Return a listener on this address for each port of an application or a gateway."""
    return [
        ingress_listener(
            naming.ingress_listener(address, port.number), socket(address, port.number), port
        )
        for port in ports
    ]


def explicit_egress(address: str, ports: Sequence[Port]) -> list[envoy_listener.Listener]:
    """Return a listener on this address for each port of a backend."""
    return [
        egress_listener(
            naming.egress_listener(address, port.number), socket(address, port.number), port
        )
        for port in ports
    ]


def _intercepted(
    name: str,
    address: Address,
    direction: TrafficDirection,
    chains: list[envoy_listener.FilterChain],
    inspector: list[envoy_listener.ListenerFilter],
    everything_else: envoy_listener.Filter | None = None,
) -> list[envoy_listener.Listener]:
    if not chains and everything_else is None:
        return []  # Envoy rejects a listener without filter chains.
    listener = envoy_listener.Listener(
        name=name,
        address=address,
        traffic_direction=direction,
        listener_filters=[_ORIGINAL_DESTINATION, *inspector],
        filter_chains=chains,
        default_filter_chain=(
            envoy_listener.FilterChain(filters=[everything_else]) if everything_else else None
        ),
    )
    return [listener]


def _direct(
    name: str, address: Address, direction: TrafficDirection, port: Port
) -> envoy_listener.Listener:
    return envoy_listener.Listener(
        name=name,
        address=address,
        traffic_direction=direction,
        listener_filters=_inspector([port.number] if port.ambiguous else [], alone=True),
        filter_chains=list(_chains(port)),
    )


def _chains(port: Port, destination: int | None = None) -> Iterator[envoy_listener.FilterChain]:
    """Yield the filter chains of a port, the one for TLS first.

    If all connections must use TLS, there is only one chain without a match: plain text fails in
    the handshake.
    """
    encryption = port.security.encryption
    if encryption is not None:
        yield envoy_listener.FilterChain(
            filter_chain_match=_match(destination, "tls" if port.security.plain else ""),
            filters=[port.filter],
            transport_socket=encryption.socket,
        )
    if port.security.plain:
        yield envoy_listener.FilterChain(
            filter_chain_match=_match(destination, "raw_buffer" if encryption else ""),
            filters=[port.filter],
        )


def _match(destination: int | None, transport: str) -> envoy_listener.FilterChainMatch | None:
    if destination is None and not transport:
        return None
    return envoy_listener.FilterChainMatch(
        destination_port=destination, transport_protocol=transport
    )


def _inspector(ports: Sequence[int], *, alone: bool) -> list[envoy_listener.ListenerFilter]:
    """Return the listener filter that detects TLS on these ports; on other ports it would only
    wait.

    It waits for the client's first bytes, so a protocol in which the server speaks first would
    hang. ``alone`` means that the listener has no other ports.
    """
    if not ports:
        return []
    return [
        envoy_listener.ListenerFilter(
            name="envoy.filters.listener.tls_inspector",
            typed_config=packed(TlsInspector()),
            filter_disabled=None if alone else _Predicate(not_match=_to_any(ports)),
        )
    ]


_Predicate = envoy_listener.ListenerFilterChainMatchPredicate


def _to_any(ports: Sequence[int]) -> _Predicate:
    each = [
        _Predicate(destination_port_range=Int32Range(start=port, end=port + 1)) for port in ports
    ]
    if len(each) == 1:
        return each[0]
    return _Predicate(or_match=envoy_listener.ListenerFilterChainMatchPredicateMatchSet(rules=each))
