"""The meshes before and after a commit, and what they differ in, as a visitor may see it."""

from events.types import Seq
from gitmesh.access.visibility import visible_graph
from gitmesh.console.shown_mesh import connected
from gitmesh.console.visit import Visit
from gitmesh.queries.commits import LoggedCommit
from gitmesh.service.changes.difference import Difference, difference
from mesh.graph.mesh_graph import MeshGraph


def mesh_at(visit: Visit, seq: Seq | None) -> MeshGraph:
    """Return the mesh at a position of the mesh chain; now without one."""
    return visible_graph(visit.served.meshes.graph(seq), visit.caller.permission)


def difference_of(visit: Visit, found: LoggedCommit) -> Difference:
    """Return the changes of an applied commit, and its blast radius."""
    last = Seq(found.first + len(found.records) - 1)
    before, after = mesh_at(visit, Seq(found.first - 1)), mesh_at(visit, last)
    return difference(before, after, connected(visit))
