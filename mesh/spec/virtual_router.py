"""Virtual routers: listeners whose traffic routes distribute over virtual nodes."""

from mesh.spec.common import PortMapping, Spec


class VirtualRouterListener(Spec):
    """A port of a virtual router, which callers connect to."""

    port_mapping: PortMapping


class VirtualRouterSpec(Spec):
    """Specification of a virtual router; its routes are separate resources."""

    listeners: tuple[VirtualRouterListener, ...] | None = None
