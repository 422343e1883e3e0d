"""Meshes to compare: a folder, a revision, or a moment of the log."""

from dataclasses import dataclass
from pathlib import Path

from events.clock import utc_now
from events.opening import open_for_reading
from events.types import CommitId
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.queries.timespec import moment_seq, parse_time
from gitmesh.service.specs.target import read_target
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.problems.problem import Problem, errors
from reconciler.reading.tree import EMPTY, SpecTree


@dataclass(frozen=True, slots=True)
class NamedMesh:
    """A mesh with its name."""

    label: str
    graph: MeshGraph
    problems: tuple[Problem, ...] = ()
    """Reasons why the mesh would not be served."""
    tree: SpecTree = EMPTY
    """The specs of a revision, from which the next revision can be read incrementally."""


def named_mesh(name: str, repo: Path | None, log: Path | None, base: SpecTree = EMPTY) -> NamedMesh:
    """Return the mesh that ``name`` means.

    ``base`` has the specs of another revision of the same repository.

    A folder is read from disk; a position of the mesh chain or a time is looked up in the log, if
    there is one; any other name is a revision of the repository.

    :raises UsageError: the name is none of these.
    """
    if log is not None and not Path(name).is_dir() and (found := _logged(name, log)):
        return found
    if Path(name).is_dir():
        target = read_target(name, None)
        return NamedMesh(target.label, target.tree.graph, tuple(errors(target.tree.problems)))
    target = read_target(name, repo, base)
    wrong = tuple(errors(target.tree.problems))
    label = f"{target.label}{_never_served(log, target.facts.commit)}"
    return NamedMesh(label, target.tree.graph, wrong, target.tree)


def _never_served(log: Path | None, commit: CommitId) -> str:
    """Return a remark for the name of a revision that was never served, according to the log."""
    if log is None:
        return ""
    with open_for_reading(log) as opened:
        return " (never served)" if opened.served_instead_of(commit) else ""


def _logged(name: str, log: Path) -> NamedMesh | None:
    now = utc_now()
    if parse_time(name, now) is None and not (name.isascii() and name.isdigit()):
        return None
    with open_for_reading(log) as opened:
        try:
            seq = moment_seq(opened, name, now)
        except UsageError:
            if name.isdigit() and len(name) >= 7:
                return None  # a commit whose id begins with digits alone
            raise
        state = opened.state(seq)
        passed_over = state.commit and opened.served_instead_of(state.commit)
    never = ", never served" if passed_over else ""
    short = state.commit[:7] if state.commit else "no commit"
    return NamedMesh(f"{name} ({short}, mesh chain at {seq}{never})", logged_mesh(state))
