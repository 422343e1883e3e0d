"""Check that a planned change changes the resources that it names, and no other. Pure."""

from collections.abc import Mapping, Set

from mesh.errors import Fatal
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.resource import Resource


def forbid_unrequested_changes(
    now: MeshGraph,
    after: MeshGraph,
    wanted: Mapping[ResourceKey, Resource | None],
    *,
    remedy: str,
    touched: Set[ResourceKey] | None = None,
) -> None:
    """Check that the ``wanted`` resources are as wanted, and all others as they are ``now``.

    :param wanted: the resources that change; None for one that is removed.
    :param remedy: what a person may do instead, for the hint of the error.
    :param touched: all keys that may differ between the two meshes; None if unknown.
    :raises Fatal: another resource would change, too.
    """
    if touched is None:
        touched = now.resources.keys() | after.resources.keys()
    for key in wanted.keys() | touched:
        expected = wanted[key] if key in wanted else now.resources.get(key)
        if after.resources.get(key) != expected:
            raise Fatal(
                f"{key} cannot be told apart from what stands beside it in its file",
                hint=remedy,
            )
