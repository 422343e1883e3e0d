"""Difference between two meshes, by resource. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from events.types import CommitId, MeshEvent
from gitmesh.queries.blast_radius import BlastRadius, blast_radius
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.diff import diff


@dataclass(frozen=True, slots=True)
class Difference:
    """Changes between two meshes, and their blast radius."""

    changes: tuple[MeshEvent, ...]
    """The changes as events of the log, sorted by resource."""
    radius: BlastRadius


def difference(
    before: MeshGraph, after: MeshGraph, connected: Mapping[ResourceKey, int] | None = None
) -> Difference:
    """Return the changes that turn one mesh into another."""
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
