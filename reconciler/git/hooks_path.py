"""Git's configuration of hooks and pushes, read with the git command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HooksPath:
    """Value of ``core.hooksPath``."""

    path: Path
    """Absolute path; relative values start at the git directory."""
    own: bool
    """True if the repository itself sets it, not the user or the system for all repositories."""


def hooks_path(git_dir: Path) -> HooksPath | None:
    """Return the setting of a repository; ``None`` if it is unset, or git cannot be run."""
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


def setting(git_dir: Path, name: str) -> str:
    """Return a git setting as text, booleans as ``true`` or ``false``; empty if it is unset.

    The settings of the user and of the system are included.
    """
    found = configured(git_dir, name)
    said = "" if found is None else found.lower()
    words = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    # A name without a value means true.
    return words.get(said, said) if said or found is None else "true"


def configured(git_dir: Path, name: str) -> str | None:
    """Return a git setting as it is written; ``None`` if it is unset, or git cannot be run.

    The settings of the user and of the system are included. There need not be a repository.
    """
    asked = ["git", f"--git-dir={git_dir}", "config", "--get", name]
    try:
        done = subprocess.run(
            asked,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()
