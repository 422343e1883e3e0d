"""What differs between two meshes, in words of resources. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from events.types import CommitId, MeshEvent
from gitmesh.blast_radius import BlastRadius, blast_radius
from mesh.keys import ResourceKey
from mesh.linked import MeshGraph
from mesh.resource import spec_json
from reconciler.diff import diff


@dataclass(frozen=True, slots=True)
class Difference:
    """What one mesh has that another has not, and whom that concerns."""

    changes: tuple[MeshEvent, ...]
    """As the log would say them, sorted by resource."""
    radius: BlastRadius


def difference(
    before: MeshGraph, after: MeshGraph, connected: Mapping[ResourceKey, int] | None = None
) -> Difference:
    """Return what turns one mesh into another, resource by resource."""
    old = {
        key: spec_json(resource.spec)
        for key, resource in before.resources.items()
        if after.resources.get(key) is not resource
    }
    new = {
        key: resource
        for key, resource in after.resources.items()
        if before.resources.get(key) is not resource
    }
    changes = diff(old, new, commit=CommitId(""))
    radius = blast_radius(before, after, [change.key for change in changes], connected)
    return Difference(tuple(changes), radius)
