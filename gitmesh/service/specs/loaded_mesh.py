"""Mesh of a folder, of a revision or of an event log, for commands about one mesh."""

from dataclasses import dataclass
from pathlib import Path

from events.opening import open_for_reading
from events.state import MeshState
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.service.specs.target import read_target
from mesh.graph.mesh_graph import MeshGraph
from mesh.problems.problem import Problem, errors


@dataclass(frozen=True, slots=True)
class LoadedMesh:
    """A mesh, with the problems because of which it would not be served."""

    graph: MeshGraph
    errors: tuple[Problem, ...] = ()


def load_mesh(target: str, repo: Path | None, log: Path | None = None) -> LoadedMesh:
    """Return the mesh of ``log`` if it is given, else of the folder or revision ``target``.

    :raises UsageError: there is no such folder, revision or log.
    """
    if log is not None:
        return LoadedMesh(logged_mesh(logged_state(log)))
    tree = read_target(target, repo).tree
    return LoadedMesh(tree.graph, tuple(errors(tree.problems)))


def logged_state(log: Path) -> MeshState:
    """Return the newest state of an event log.

    :raises UsageError: there is no log.
    :raises Fatal: the file is not an event log.
    """
    with open_for_reading(log) as opened:
        return opened.state()
