"""Ports of a virtual service to which a gRPC client can connect."""

from collections.abc import Iterable

from mesh.spec.common import PortMapping
from xds.translate.services import ServicePort


def speaks_grpc(mapping: PortMapping) -> bool:
    """Return whether a port's protocol carries gRPC: ``grpc`` and ``http2`` do.

    ``http`` is HTTP/1.1, which a gRPC library does not speak, and no proxy in between translates.
    """
    return mapping.protocol in ("grpc", "http2")


def dialled(ports: Iterable[ServicePort]) -> tuple[ServicePort, ...]:
    """Return the ports of a service to which a gRPC client can connect, in declared order."""
    return tuple(port for port in ports if speaks_grpc(port.mapping))
