"""Which ports of a virtual service a gRPC client can dial at all."""

from collections.abc import Iterable

from mesh.spec.common import PortMapping
from xds.translate.services import ServicePort


def speaks_grpc(mapping: PortMapping) -> bool:
    """Whether what listens there takes gRPC: ``grpc``, and ``http2``, which carries it.

    A port of ``http`` is HTTP/1.1 to its last hop, because routes, routers and nodes must agree in
    their protocol.
    """
    return mapping.protocol in ("grpc", "http2")


def dialled(ports: Iterable[ServicePort]) -> tuple[ServicePort, ...]:
    """Return the ports of a service that a gRPC client can dial, in declared order."""
    return tuple(port for port in ports if speaks_grpc(port.mapping))
