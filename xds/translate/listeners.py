"""Listeners: where a proxy takes connections, and which filters each meets.

With interception one listener takes all traffic of a direction and tells connections apart by the
port they were meant for; with explicit addressing each port is a listener of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from envoy_data_plane.envoy.config.core.v3 import Address, TrafficDirection
from envoy_data_plane.envoy.config.listener import v3 as envoy_listener
from envoy_data_plane.envoy.extensions.filters.listener.original_dst.v3 import OriginalDst

from mesh.spec.common import IpPreference
from xds.translate import naming
from xds.translate.addresses import any_socket, socket
from xds.translate.packed import packed

_ORIGINAL_DESTINATION: Final = envoy_listener.ListenerFilter(
    name="envoy.filters.listener.original_dst", typed_config=packed(OriginalDst())
)


@dataclass(frozen=True, slots=True)
class Port:
    """A port that traffic is meant for, and the filter its connections meet."""

    number: int
    filter: envoy_listener.Filter


def intercepted_ingress(
    preference: IpPreference | None, ports: Sequence[Port]
) -> list[envoy_listener.Listener]:
    """Return the listener that traffic for an application is redirected to, if there is any."""
    name, address = naming.ingress_listener(), any_socket(preference, naming.INGRESS_PORT)
    return _intercepted(name, address, TrafficDirection.INBOUND, ports, None)


def intercepted_egress(
    preference: IpPreference | None,
    ports: Sequence[Port],
    everything_else: envoy_listener.Filter | None,
) -> list[envoy_listener.Listener]:
    """Return the listener that an application's traffic is redirected to, if it may call anyone.

    Without it, what an application tries to call refuses the connection.
    """
    name, address = naming.egress_listener(), any_socket(preference, naming.EGRESS_PORT)
    return _intercepted(name, address, TrafficDirection.OUTBOUND, ports, everything_else)


def ingress_listener(name: str, address: Address, port: Port) -> envoy_listener.Listener:
    """Return a listener for inbound traffic that is dialled directly."""
    return _direct(name, address, TrafficDirection.INBOUND, port)


def egress_listener(name: str, address: Address, port: Port) -> envoy_listener.Listener:
    """Return a listener for outbound traffic that is dialled directly."""
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
    """Return a listener on this address for each port that backends are called on."""
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
    ports: Sequence[Port],
    everything_else: envoy_listener.Filter | None,
) -> list[envoy_listener.Listener]:
    if not ports and everything_else is None:
        return []  # Envoy rejects a listener that does nothing.
    chains = [
        envoy_listener.FilterChain(
            filter_chain_match=envoy_listener.FilterChainMatch(destination_port=port.number),
            filters=[port.filter],
        )
        for port in ports
    ]
    listener = envoy_listener.Listener(
        name=name,
        address=address,
        traffic_direction=direction,
        listener_filters=[_ORIGINAL_DESTINATION],
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
        filter_chains=[envoy_listener.FilterChain(filters=[port.filter])],
    )
