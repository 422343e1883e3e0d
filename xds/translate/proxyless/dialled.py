"""Ports of a virtual service that a gRPC client can connect to."""

from collections.abc import Iterable

from mesh.spec.common import PortMapping
from xds.translate.services import ServicePort


def speaks_grpc(mapping: PortMapping) -> bool:
    """Return whether what listens there takes gRPC: ``grpc``, and ``http2``, which carries it.

    ``http`` is HTTP/1.1, which a gRPC library does not speak, and nothing in between translates.
    """
    return mapping.protocol in ("grpc", "http2")


def dialled(ports: Iterable[ServicePort]) -> tuple[ServicePort, ...]:
    """Return the ports of a service that a gRPC client can dial, in declared order."""
    return tuple(port for port in ports if speaks_grpc(port.mapping))
