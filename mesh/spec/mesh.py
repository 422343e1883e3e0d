"""The mesh resource: egress filter and preferred IP version."""

from typing import Literal

from mesh.spec.common import IpPreference, Spec


class EgressFilter(Spec):
    """Permission for nodes to call destinations outside the mesh; the default is ``DROP_ALL``."""

    type: Literal["ALLOW_ALL", "DROP_ALL"]


class MeshServiceDiscovery(Spec):
    """Service discovery settings of the whole mesh."""

    ip_preference: IpPreference | None = None


class MeshSpec(Spec):
    """Specification of a mesh."""

    egress_filter: EgressFilter | None = None
    service_discovery: MeshServiceDiscovery | None = None
