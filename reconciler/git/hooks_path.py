"""Folder of a repository's hooks in git's configuration, read with the git command."""

from dataclasses import dataclass
from pathlib import Path

from reconciler.git.settings import ask_git


@dataclass(frozen=True, slots=True)
class HooksPath:
    """Value of ``core.hooksPath``."""

    path: Path
    """Absolute path; relative values start at the git directory."""
    own: bool
    """True if the repository's own configuration sets it, not that of the user or the system."""


def hooks_path(git_dir: Path) -> HooksPath | None:
    """Return the setting of a repository; ``None`` if it is unset, or git cannot be run."""
    said = ask_git(git_dir, "config", "--show-scope", "--type=path", "--get", "core.hooksPath")
    if said is None:
        return None
    scope, _, path = said.partition("\t")
    return HooksPath(git_dir / path, scope in ("local", "worktree"))
