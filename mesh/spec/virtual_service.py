"""Virtual services: the names applications call, and who answers for them."""

from mesh.spec.common import Name, OneOf, Spec


class VirtualNodeServiceProvider(Spec):
    """A virtual node that provides a virtual service by itself."""

    virtual_node_name: Name


class VirtualRouterServiceProvider(Spec):
    """A virtual router that spreads a virtual service over virtual nodes."""

    virtual_router_name: Name


class VirtualServiceProvider(OneOf):
    """Who answers for a virtual service."""

    virtual_node: VirtualNodeServiceProvider | None = None
    virtual_router: VirtualRouterServiceProvider | None = None


class VirtualServiceSpec(Spec):
    """Specification of a virtual service; one without a provider answers nothing."""

    provider: VirtualServiceProvider | None = None
