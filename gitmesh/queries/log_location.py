"""Locations of a repository's git directory and of its event log.

The log is local to a server, like the repository that it follows. By default it is inside the
repository's git directory: ``shop.git/gitmesh/events.sqlite3``, or ``.git/gitmesh/…`` if there is a
work tree. Git never changes, pushes or clones that folder, and commands find the log through the
repository. ``--log`` or ``GITMESH_LOG`` selects another location.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mesh.errors import UsageError

_BRANCH: Final = "ref: refs/heads/"
_MOST_BYTES: Final = 4096
"""Maximum length of a path or of a ref's name."""
_LONGEST_NAME: Final = 255
_PARTS: Final = ("HEAD", "config", "objects", "refs")
LOG_IN_GIT_DIR = Path("gitmesh") / "events.sqlite3"


def git_dir(repo: Path) -> Path:
    """Return the git directory of a bare repository, a clone, a linked work tree or a submodule.

    The path must be the repository itself; parent directories are not searched.

    :raises UsageError: it is not a repository.
    """
    if (found := _found(repo)) is not None:
        return found
    if not repo.exists():
        raise UsageError(f"{repo} does not exist", hint="check the path")
    if (log := _left_log(repo)) is not None:
        raise UsageError(
            f"{repo} is not a complete git repository, but its event log is there: {log}",
            hint="restore HEAD, objects and refs; gitmesh serve serves the last mesh meanwhile",
        )
    if missing := _missing(repo):
        raise UsageError(
            f"{repo} is not a complete git repository: {missing} is missing",
            hint="restore it from a backup or a clone",
        )
    hint = "make one with: gitmesh init PATH, or git init"
    if (above := repository_around(repo)) is not None:
        hint = f"it lies in one, which is {above}"
    raise UsageError(f"{repo} is not a git repository", hint=hint)


def _found(repo: Path) -> Path | None:
    for candidate in _candidates(repo):
        folders = (candidate / "objects", candidate / "refs")
        if (candidate / "HEAD").is_file() and all(folder.is_dir() for folder in folders):
            return candidate.resolve()
    return None


def _candidates(repo: Path) -> Iterator[Path]:
    """Yield the folders that may be the git directory."""
    dot_git = repo / ".git"
    if dot_git.is_file():  # a linked work tree or a submodule
        dot_git = repo / _pointed(dot_git).removeprefix("gitdir:").strip()
    for candidate in (dot_git, repo):
        if (candidate / "HEAD").is_file() and (candidate / "commondir").is_file():
            candidate = candidate / _pointed(candidate / "commondir")
        yield candidate


def _left_log(repo: Path) -> Path | None:
    """Return the event log in an incomplete git directory."""
    logs = (candidate / LOG_IN_GIT_DIR for candidate in _candidates(repo))
    return next((log.resolve() for log in logs if log.is_file()), None)


def _missing(repo: Path) -> Path | None:
    """Return the missing parts of an incomplete git directory."""
    for candidate in _candidates(repo):
        missing = [candidate / name for name in _PARTS if not (candidate / name).exists()]
        if len(missing) == 1:
            return missing[0]
    return None


def linked_branch(repo: Path) -> str | None:
    """Return the branch of a linked work tree, if its main repository has another one.

    ``None`` if ``repo`` is not a linked work tree, or has no branch, or the same branch.

    :raises UsageError: it is not a repository.
    """
    common = git_dir(repo)
    dot_git = repo / ".git"
    if not dot_git.is_file():
        return None
    own = repo / _pointed(dot_git).removeprefix("gitdir:").strip()
    heads = [_pointed(folder / "HEAD") for folder in (own, common)]
    if heads[0] == heads[1] or not heads[0].startswith(_BRANCH):
        return None
    return heads[0].removeprefix(_BRANCH)


def _pointed(file: Path) -> str:
    """Return the only line of one of git's small files; ``""`` if it is damaged."""
    with file.open("rb") as opened:
        text = os.fsdecode(opened.read(_MOST_BYTES + 1).strip())
    names = text.split("/")
    fits = len(text) <= _MOST_BYTES and all(len(name) <= _LONGEST_NAME for name in names)
    return text if fits and "\0" not in text else ""


def repository_around(path: Path) -> Path | None:
    """Return the innermost repository that is at a path or above it."""
    where = path.resolve()
    return next((each for each in (where, *where.parents) if _found(each) is not None), None)


def is_repository(path: Path) -> bool:
    """Return whether a folder is a git repository, bare or not."""
    return _found(path) is not None


def log_path(repo: Path, explicit: Path | None = None) -> Path:
    """Return the path of a repository's event log; ``explicit`` replaces the default.

    The log is found even if the repository around it is incomplete.

    :raises UsageError: there is no such repository.
    """
    if explicit is not None:
        return explicit
    if _found(repo) is None and (left := _left_log(repo)) is not None:
        return left
    return git_dir(repo) / LOG_IN_GIT_DIR
