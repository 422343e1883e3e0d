"""Resolution of the TARGET argument: a directory of specs or a git revision."""

import os
from dataclasses import dataclass
from pathlib import Path

from events.state import MeshState
from events.types import CommitFacts, CommitId, Signature
from gitmesh.queries.log_location import git_dir, is_repository, repository_around
from gitmesh.service.specs.part import Part, part_of_repository, whole_tree
from mesh.errors import UsageError
from mesh.graph.mesh_settings import settings_json
from mesh.problems.problem import errors
from mesh.problems.suggestion import did_you_mean
from mesh.resource import spec_json
from reconciler.directory import read_directory
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree

NOT_COMMITTED = CommitId("0" * 40)
_NOBODY = Signature("", "", "")


@dataclass(frozen=True, slots=True)
class Target:
    """Specs with their origin."""

    label: str
    """Name of the specs, for messages."""
    tree: SpecTree
    facts: CommitFacts
    """Metadata of the commit; for a folder, of a commit that does not exist."""
    repo: GitRepository | None
    """The repository of the specs, if there is one."""
    part: Part | None = None
    """The requested folder, if the specs are those of the whole repository around it."""


def read_target(target: str, repo: Path | None, base: SpecTree = EMPTY) -> Target:
    """Read the folder or the revision that ``target`` names.

    ``base`` has specs of the same repository, from which a revision is read incrementally.

    With ``repo``, ``target`` is a revision of that repository; the repository's own folder means
    its HEAD. Without ``repo``, a folder is read from disk, and any other text is a revision of the
    repository around the current directory. A bare repository is read at its HEAD. For a folder
    inside a work tree, the specs of the whole work tree are returned (see
    :mod:`gitmesh.service.specs.part`).

    :raises UsageError: ``target`` is none of these.
    """
    folder = Path(target)
    if repo is None and folder.is_dir() and not _is_bare(folder):
        return _folder(target, folder)
    if repo is None and folder.is_dir():
        return _revision("HEAD", GitRepository.open(folder), base)
    if repo is None:
        return _revision_here(target, base)
    git_dir(repo)  # A wrong path is told as such, as everywhere.
    revision = "HEAD" if target == "." else target
    return _revision(revision, GitRepository.open(repo), base)


def _folder(target: str, folder: Path) -> Target:
    tree, own, label, part = read_directory(folder), None, target, None
    if is_repository(folder):
        own = GitRepository.open(folder)
    elif (found := part_of_repository([folder])) and (whole := whole_tree(found, tree)):
        own, tree, part = GitRepository.open(found.top), whole, found
        label = os.path.relpath(found.top)
    facts = CommitFacts(NOT_COMMITTED, "", (), _NOBODY, _NOBODY, f"{label} as it stands")
    return Target(label, tree, facts, own, part)


def _revision_here(target: str, base: SpecTree) -> Target:
    """Return a revision of the repository around the current directory.

    :raises UsageError: ``target`` names neither a folder nor a commit.
    """
    here = None if Path(target).is_absolute() else repository_around(Path())
    try:
        if here is not None:
            return _revision(target, GitRepository.open(here), base)
    except UsageError as error:
        if "names no commit" not in error.message:
            raise
    raise UsageError(
        f"{target!r} is neither a folder or file nor a revision of a repository here",
        hint=did_you_mean(target, os.listdir())
        or "give a folder or files of specs, or a revision and --repo",
    )


def mesh_before(target: Target) -> tuple[str, MeshState]:
    """Return the mesh that a target would replace, with its name.

    This is the mesh of the previous commit; for a folder, of HEAD. Rejected commits change nothing,
    so the nearest valid commit counts.
    """
    repo = target.repo
    if repo is None:
        return "an empty mesh", MeshState()
    commit: CommitId | None
    if target.facts.commit == NOT_COMMITTED:
        commit = _head(repo)
    else:
        commit = repo.first_parent(target.facts.commit)
    while commit is not None:
        tree = _read(repo, commit)
        if not errors(tree.problems):
            resources = {k: spec_json(r.spec) for k, r in tree.graph.resources.items()}
            return f"commit {commit[:7]}", MeshState(
                commit=commit,
                resources=resources,
                settings=settings_json(tree.graph.settings),
            )
        commit = repo.first_parent(commit)
    return "an empty mesh", MeshState()


def _head(repo: GitRepository) -> CommitId | None:
    try:
        return repo.resolve("HEAD")
    except UsageError:
        return None  # a clone in which nothing was committed yet


def _revision(revision: str, repo: GitRepository, base: SpecTree) -> Target:
    commit = repo.resolve(revision)
    tree, facts = _read(repo, commit, base), repo.facts(commit)
    return Target(f"{revision} ({commit[:7]})", tree, facts, repo)


def _read(repo: GitRepository, commit: CommitId, base: SpecTree = EMPTY) -> SpecTree:
    return TreeReader(repo).read(repo.tree_of(commit), base).tree


def _is_bare(folder: Path) -> bool:
    return is_repository(folder) and not (folder / ".git").exists()
