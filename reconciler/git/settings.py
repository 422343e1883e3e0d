"""Git's configuration, read by git's own rules, with the git command.

Git also uses the settings of the user and of the system, which libgit2 is told to ignore.
"""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_ACTIONS: Final = ("ignore", "warn", "refuse", "updateinstead")


def ask_git(git_dir: Path, *question: str) -> str | None:
    """Return the output of a git command, without the last line feed; None if it fails."""
    return _run([f"--git-dir={git_dir}", *question])


def configured(git_dir: Path, name: str) -> str | None:
    """Return a git setting as it is written; ``None`` if it is unset, or git cannot be run.

    The settings of the user and of the system are included. The repository need not exist.
    """
    said = ask_git(git_dir, "config", "--get", name)
    return None if said is None else said.strip()


def is_set(git_dir: Path, name: str) -> bool:
    """Return whether a setting is true: ``yes``, ``on``, a name without a value, or a number."""
    return ask_git(git_dir, "config", "--type=bool", "--get", name) == "true"


def action(git_dir: Path, name: str) -> str:
    """Return the value of a setting for git's action on a push: ``ignore``, ``warn``, ``refuse`` or
    ``updateinstead``; empty if it is unset.

    True means ``refuse`` and false ``ignore``.
    """
    said = configured(git_dir, name)
    if said is None:
        return ""
    if said.lower() in _ACTIONS:
        return said.lower()
    return "refuse" if is_set(git_dir, name) else "ignore"


def checked_out_at(git_dir: Path, ref: str) -> Path | None:
    """Return the work tree in which a branch is checked out; None if it is checked out nowhere."""
    for path, branch in _work_trees(git_dir):
        if branch == ref:
            return path
    return None


def _work_trees(git_dir: Path) -> Iterator[tuple[Path, str]]:
    """Yield each work tree with its branch; a bare repository and a detached HEAD have none."""
    path = git_dir
    # Fields end with NUL, because the path of a work tree may have a line feed.
    for field in (ask_git(git_dir, "worktree", "list", "--porcelain", "-z") or "").split("\0"):
        name, _, value = field.partition(" ")
        if name == "worktree":
            path = Path(value)
        elif name == "branch":
            yield path, value


def is_changed(work_tree: Path) -> bool:
    """Return whether a work tree has uncommitted changes; false where git cannot
    tell."""
    # Named explicitly, because a hook's own variables name the repository that is pushed to.
    where = [f"--git-dir={work_tree / '.git'}", f"--work-tree={work_tree}"]
    asked = ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules"]
    return bool(_run(["--no-optional-locks", *where, *asked]))


def _run(arguments: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        return None
    return done.stdout.removesuffix("\n") if done.returncode == 0 else None
