"""Ports of an application, from the listeners of its virtual node."""

from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.spec import VirtualNodeSpec


def application_ports(graph: MeshGraph, node: ResourceKey) -> tuple[int, ...]:
    """Return the ports of a virtual node's listeners, sorted.

    :raises UsageError: the mesh has no such node, or it is a gateway.
    """
    found = graph.resources.get(node)
    if found is None:
        raise UsageError(f"{node} is not in this mesh")
    if not isinstance(found.spec, VirtualNodeSpec):
        raise UsageError(
            f"{node} is a gateway: it has no application whose traffic could be redirected"
        )
    return tuple(sorted(each.port_mapping.port for each in found.spec.listeners or ()))
