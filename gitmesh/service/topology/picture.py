"""Use case of ``gitmesh graph``: the topology of a mesh, or of the differences between two."""

from dataclasses import dataclass
from pathlib import Path

from events.opening import open_for_reading
from gitmesh.queries.log_lookup import existing_log
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.service.changes.compared_meshes import named_mesh
from gitmesh.service.history.served_state import served_state
from gitmesh.service.specs.target import read_target
from gitmesh.topology.comparison import compared
from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Topology
from mesh.problems.problem import Problem, errors


@dataclass(frozen=True, slots=True)
class MeshPicture:
    """A whole topology, and the name of the mesh that it is of."""

    label: str
    topology: Topology
    problems: tuple[Problem, ...] = ()
    """Reasons why the mesh, or one of the two, would not be served."""


def picture_of_specs(target: str, repo: Path | None) -> MeshPicture:
    """Return the topology of a folder or a revision, even if the specs have problems.

    :raises UsageError: there is no such folder or revision.
    """
    found = read_target(target, repo)
    problems = tuple(errors(found.tree.problems))
    return MeshPicture(found.label, mesh_topology(found.tree.graph), problems)


def picture_at(repo: Path, log: Path | None, moment: str) -> MeshPicture:
    """Return the topology of the mesh that was served at a moment.

    :raises UsageError: there is no log, or it does not know the moment.
    """
    with open_for_reading(existing_log(repo, log)) as opened:
        state = served_state(opened, repo, moment).state
    commit = f"commit {state.commit[:7]}" if state.commit else "no commit"
    label = f"{moment} ({commit}, mesh chain at {state.seq})"
    return MeshPicture(label, mesh_topology(logged_mesh(state)))


def picture_of_difference(before: str, after: str, repo: Path, log: Path | None) -> MeshPicture:
    """Return one topology of two meshes, which are named as for ``gitmesh diff``.

    :raises UsageError: one of them does not exist.
    """
    first = named_mesh(before, repo, log)
    second = named_mesh(after, repo, log, first.tree)
    return MeshPicture(
        f"{first.label} → {second.label}",
        compared(first.graph, second.graph),
        (*first.problems, *second.problems),
    )
