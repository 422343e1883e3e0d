"""Virtual routers: the ports on which routes choose among virtual nodes."""

from mesh.spec.common import PortMapping, Spec


class VirtualRouterListener(Spec):
    """A port of a virtual router, the one that callers dial."""

    port_mapping: PortMapping


class VirtualRouterSpec(Spec):
    """Specification of a virtual router; its routes are resources of their own."""

    listeners: tuple[VirtualRouterListener, ...] | None = None
