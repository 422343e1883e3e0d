"""Virtual gateways: entry points of traffic from outside the mesh."""

from mesh.spec.common import GatewayPortMapping, Spec
from mesh.spec.listener import GatewayConnectionPool, GatewayHealthCheck
from mesh.spec.logging import Logging
from mesh.spec.tls import BackendDefaults, ListenerTls


class VirtualGatewayListener(Spec):
    """A port on which a virtual gateway accepts traffic."""

    connection_pool: GatewayConnectionPool | None = None
    health_check: GatewayHealthCheck | None = None
    port_mapping: GatewayPortMapping
    tls: ListenerTls | None = None


class VirtualGatewaySpec(Spec):
    """Specification of a virtual gateway."""

    backend_defaults: BackendDefaults | None = None
    listeners: tuple[VirtualGatewayListener, ...]
    logging: Logging | None = None
