"""Creation of a bare repository that is ready for pushes of a mesh."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from events.types import CommitId
from gitmesh.hooks.scripts import HookOptions, Outcome, install
from gitmesh.queries.log_location import git_dir, is_repository, log_path
from reconciler.git.initialization import built_aside, commit_folder, init_bare, ready_for_pushes
from reconciler.git.writing import Person


@dataclass(frozen=True, slots=True)
class FirstCommit:
    """The content of the first commit of a new repository."""

    folder: Path
    message: str
    author: Person


@dataclass(frozen=True, slots=True)
class Creation:
    """A repository, and the result of its creation."""

    created: bool
    """False if the repository existed already; then nothing was changed."""
    repository: Path
    """The git directory of the repository."""
    branch: str
    """The branch to serve."""
    log: Path
    """Path of the event log that a server of the repository will write."""
    commit: CommitId | None = None
    """The first commit of the repository, if one was made."""
    hooks: Mapping[str, Outcome] = field(default_factory=dict)
    """Result for each hook, by name."""


def create_repository(
    path: Path, branch: str, log: Path | None = None, first: FirstCommit | None = None
) -> Creation:
    """Create a bare repository with hooks that check pushes; leave an existing one as it is.

    If the creation fails or is interrupted, nothing is left of it.

    :param log: the event log; by default inside the repository.
    :raises UsageError: another file is at the path, or the branch name is invalid.
    :raises Fatal: the repository cannot be created.
    """
    if is_repository(path):
        return Creation(False, git_dir(path), branch, log_path(path, log))
    commit = None
    with built_aside(path) as aside:
        init_bare(aside, branch)
        ready_for_pushes(aside)
        hooks = install(git_dir(aside), HookOptions(log=log))
        if first is not None:
            commit = commit_folder(aside, branch, first.folder, first.message, first.author)
    return Creation(True, git_dir(path), branch, log_path(path, log), commit, hooks)
