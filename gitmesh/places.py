"""Where things are: a repository's git directory, and the event log that belongs to it.

The log is local to a server, like the repository that it follows, so by default it lives inside
that repository's git directory: ``shop.git/gitmesh/events.sqlite3``, or ``.git/gitmesh/…`` where
there is a work tree. Git never touches, pushes or clones that folder, and every command finds the
log by being told the repository. ``--log`` or ``GITMESH_LOG`` put it elsewhere.
"""

import shlex
from pathlib import Path
from typing import Final

from mesh.errors import UsageError

_BRANCH: Final = "ref: refs/heads/"
LOG_IN_GIT_DIR = Path("gitmesh") / "events.sqlite3"


def git_dir(repo: Path) -> Path:
    """Return the git directory of a bare repository, a clone, a linked work tree or a submodule.

    The folder itself must be the repository; those above it are not searched.

    :raises UsageError: it is no repository.
    """
    if (found := _found(repo)) is not None:
        return found
    if not repo.exists():
        raise UsageError(f"there is no {repo}", hint="check the path")
    hint = "make one with: gitmesh init PATH, or git init"
    above = next((each for each in repo.resolve().parents if _found(each) is not None), None)
    if above is not None:
        hint = f"it lies in one, which is {above}"
    raise UsageError(f"{repo} is not a git repository", hint=hint)


def _found(repo: Path) -> Path | None:
    dot_git = repo / ".git"
    if dot_git.is_file():  # a linked work tree or a submodule
        target = dot_git.read_text().removeprefix("gitdir:").strip()
        dot_git = repo / target
    for candidate in (dot_git, repo):
        if (candidate / "HEAD").is_file() and (candidate / "commondir").is_file():
            candidate = candidate / (candidate / "commondir").read_text().strip()
        if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
            return candidate.resolve()
    return None


def linked_branch(repo: Path) -> str | None:
    """Return the branch that a linked work tree has checked out, which its repository has not.

    ``None`` where ``repo`` is no linked work tree, has none, or the same one.

    :raises UsageError: it is no repository.
    """
    common = git_dir(repo)
    dot_git = repo / ".git"
    if not dot_git.is_file():
        return None
    own = repo / dot_git.read_text().removeprefix("gitdir:").strip()
    heads = [(folder / "HEAD").read_text().strip() for folder in (own, common)]
    if heads[0] == heads[1] or not heads[0].startswith(_BRANCH):
        return None
    return heads[0].removeprefix(_BRANCH)


def is_repository(path: Path) -> bool:
    """Tell whether the folder is a git repository, bare or not."""
    return _found(path) is not None


def log_path(repo: Path, explicit: Path | None = None) -> Path:
    """Return where the event log of a repository is; ``explicit`` goes before the usual place.

    :raises UsageError: there is no such repository.
    """
    return explicit if explicit is not None else git_dir(repo) / LOG_IN_GIT_DIR


def existing_log(repo: Path, explicit: Path | None = None) -> Path:
    """Return where the event log of a repository is, for a command that only reads it.

    :raises UsageError: there is no such repository, or it has no log yet.
    """
    path = log_path(repo, explicit)
    if not path.is_file():
        from gitmesh.clone import without_log  # It needs this module, and is needed seldom.

        clone = None if explicit is not None else without_log(repo)
        raise clone or UsageError(
            f"{path} does not exist: no server has followed this repository yet",
            hint=f"start one with: gitmesh serve {shlex.quote(str(repo))} "
            "(or name the repository that one follows: --repo)",
        )
    return path
