"""Shortcuts for reading the specs of a test repository."""

from pathlib import Path

from events.types import CommitId
from mesh.problems.problem import Problem, Severity
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree, Step


def read(origin: Path, commit: str | None = None, base: SpecTree = EMPTY) -> SpecTree:
    """Return the specs of a commit, by default the tip."""
    return step(origin, commit, base).tree


def step(origin: Path, commit: str | None = None, base: SpecTree = EMPTY) -> Step:
    """Read a commit from what is known of another."""
    repo = GitRepository.open(origin)
    tree = repo.tree_of(CommitId(commit) if commit else repo.tip())
    return TreeReader(repo).read(tree, base)


def told(tree: SpecTree) -> list[tuple[str, str, int]]:
    """Return code, file and line of each problem that stops a commit."""
    return [_place(p) for p in tree.problems if p.severity is Severity.ERROR]


def warned(tree: SpecTree) -> list[tuple[str, str, int]]:
    """Return code, file and line of each problem that does not."""
    return [_place(p) for p in tree.problems if p.severity is Severity.WARNING]


def _place(problem: Problem) -> tuple[str, str, int]:
    return problem.code, problem.path, problem.line
