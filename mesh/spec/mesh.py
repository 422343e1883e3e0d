"""The mesh itself: how far its nodes may reach, and which IP version they prefer."""

from typing import Literal

from mesh.spec.common import IpPreference, Spec


class EgressFilter(Spec):
    """Whether nodes may reach what is not in the mesh; App Mesh's default is ``DROP_ALL``."""

    type: Literal["ALLOW_ALL", "DROP_ALL"]


class MeshServiceDiscovery(Spec):
    """What holds for service discovery in the whole mesh."""

    ip_preference: IpPreference | None = None


class MeshSpec(Spec):
    """Specification of a mesh."""

    egress_filter: EgressFilter | None = None
    service_discovery: MeshServiceDiscovery | None = None
