"""Virtual services: the names that applications call, each with its provider."""

from mesh.spec.common import Name, OneOf, Spec


class VirtualNodeServiceProvider(Spec):
    """A virtual node that provides a virtual service directly."""

    virtual_node_name: Name


class VirtualRouterServiceProvider(Spec):
    """A virtual router that distributes a virtual service over virtual nodes."""

    virtual_router_name: Name


class VirtualServiceProvider(OneOf):
    """The provider of a virtual service."""

    virtual_node: VirtualNodeServiceProvider | None = None
    virtual_router: VirtualRouterServiceProvider | None = None


class VirtualServiceSpec(Spec):
    """Specification of a virtual service; calls to one without a provider fail."""

    provider: VirtualServiceProvider | None = None
