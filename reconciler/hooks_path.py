"""Where git looks for the hooks of a repository, by way of the git command: ``core.hooksPath``."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HooksPath:
    """What ``core.hooksPath`` says."""

    path: Path
    """Absolute: git runs what a push runs in the git directory."""
    own: bool
    """Whether the repository itself says so, and not the user or the machine for all of theirs."""


def hooks_path(git_dir: Path) -> HooksPath | None:
    """Return what is set for a repository; ``None`` where nothing is, or git cannot be run."""
    asked = ["config", "--show-scope", "--type=path", "--get", "core.hooksPath"]
    try:
        done = subprocess.run(
            ["git", f"--git-dir={git_dir}", *asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        return None
    if done.returncode != 0:
        return None
    scope, _, path = done.stdout.removesuffix("\n").partition("\t")
    return HooksPath(git_dir / path, scope in ("local", "worktree"))
