"""Check that a planned change affects only the resources that it names. Pure."""

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
    """Check that the ``wanted`` resources have their new specs, and all others those of ``now``.

    :param wanted: the new resources by key; None for a removed one.
    :param remedy: the hint of the error.
    :param touched: all keys that may differ between the two meshes; None if unknown.
    :raises Fatal: another resource would change, too.
    """
    if touched is None:
        touched = now.resources.keys() | after.resources.keys()
    for key in wanted.keys() | touched:
        expected = wanted[key] if key in wanted else now.resources.get(key)
        if after.resources.get(key) != expected:
            raise Fatal(
                f"{key} cannot be changed without other resources in its file",
                hint=remedy,
            )
