"""Check of the shifts that a push changes."""

from gitmesh.shifts.files import blobs_in, read_blob
from gitmesh.shifts.folder import folder_of
from gitmesh.shifts.reading import Shift, shift_problems
from mesh.graph.mesh_graph import MeshGraph
from mesh.problems.problem import Problem
from reconciler.reading.source import ObjectId, Objects


def changed_shift_problems(
    objects: Objects, before: ObjectId | None, after: ObjectId, graph: MeshGraph
) -> list[Problem]:
    """Return the problems of the shift documents that differ between two trees of commits.

    Only the newest commit of a push counts: no server acts upon the shifts of others.

    :param before: the tree before the push; None for a new branch.
    :param graph: the mesh after the push.
    :raises SourceUnavailable: an object cannot be read.
    """
    new = folder_of(objects, after)
    old = None if before is None else folder_of(objects, before)
    if new is None or new == old:
        return []
    known, found = blobs_in(objects, old), list[Problem]()
    for path, blob in blobs_in(objects, new).items():
        if known.get(path) == blob:
            continue
        read = read_blob(objects, path, blob)
        found += shift_problems(read, graph) if isinstance(read, Shift) else read
    return sorted(found)
