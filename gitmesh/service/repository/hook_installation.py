"""Installation of git hooks that check pushes and report the result."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gitmesh.hooks.scripts import HookOptions, Outcome, hooks_folder, install
from gitmesh.queries.log_location import git_dir, linked_branch
from gitmesh.queries.log_lookup import cloned_from
from reconciler.git.initialization import ready_for_pushes
from reconciler.git.repository import GitRepository, branch_ref


@dataclass(frozen=True, slots=True)
class InstalledHooks:
    """The hooks of a repository."""

    repository: Path
    """The git directory of the repository."""
    branch: str
    """The full name of the served branch, whose pushes are checked."""
    folder: Path
    """The folder from which git runs the hooks."""
    hooks: Mapping[str, Outcome]
    """Result for each hook, by name."""
    cloned_from: str | None = None
    """Remote to which a clone pushes; the hooks do not check these pushes."""

    @property
    def complete(self) -> bool:
        """True if all hooks were installed: no hook of others was in their place."""
        return Outcome.KEPT not in self.hooks.values()


def install_hooks(repo: Path, options: HookOptions) -> InstalledHooks:
    """Write the hooks of a repository, and prepare it for pushes.

    Hooks that gitmesh did not write stay as they are. Without a branch in the options, the served
    branch is that of a linked work tree, else the branch that HEAD names.

    :raises UsageError: there is no such repository or branch, or git would not run hooks there.
    :raises Fatal: the hooks cannot be written.
    """
    where = git_dir(repo)
    # A linked work tree has a HEAD of its own, which gitmesh serve follows there, too.
    branch = options.branch or linked_branch(repo)
    if branch is not None:
        branch_ref(branch)
    hooks = install(where, replace(options, branch=branch))
    ready_for_pushes(where)
    followed = GitRepository.open(where).following(branch)
    return InstalledHooks(where, followed, hooks_folder(where), hooks, cloned_from(repo))
