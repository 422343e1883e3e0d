"""Initialisation of repositories for pushes."""

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pygit2

from events.types import CommitId
from mesh.errors import Fatal, UsageError
from reconciler.git.handle import ignore_other_configuration, open_handle
from reconciler.git.hooks_path import hooks_path
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Person, signature

OWN: Final = "refs/gitmesh"
"""Prefix of refs that only gitmesh moves."""


@contextlib.contextmanager
def built_aside(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside the given one; at the end, its content is moved to the given
    path.

    If the block ends with an error or by a signal, nothing of it is left. The given path must not
    exist, or be an empty directory, which stays as it is and gets the content.

    :raises UsageError: the given path exists already.
    :raises Fatal: the path cannot be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} exists already", hint="choose another directory")
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield aside
        if path.exists():
            _move_into(path, aside)
        else:
            aside.rename(path)
    except OSError as error:
        raise Fatal(
            f"cannot create a repository at {path}: {error.strerror or error}",
            hint="check that its parent folder is writable and that the disk has space",
        ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move_into(path: Path, aside: Path) -> None:
    """Move the content of a repository into an empty directory.

    ``HEAD`` is moved last: without it, git does not take the directory for a repository.
    """
    parts = sorted(aside.iterdir(), key=lambda each: each.name == "HEAD")
    try:
        for each in parts:
            each.rename(path / each.name)
    except BaseException:
        for each in parts:
            _remove(path / each.name)
        raise


def init_bare(path: Path, branch: str = "main") -> GitRepository:
    """Create a bare repository that is ready for pushes, and open it.

    HEAD names ``branch``, git keeps a reflog (off by default in bare repositories), and pushes to
    gitmesh's own refs are refused. An empty directory is used as it is.

    :raises UsageError: the path exists already, or the branch name is invalid.
    :raises Fatal: the repository cannot be created; nothing of it is left.
    """
    if not re.fullmatch(r"[\w][\w./-]*", branch) or not pygit2.reference_is_valid_name(
        f"refs/heads/{branch}"
    ):
        raise UsageError(f"{branch!r} cannot be the name of a branch", hint="try main")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} exists already", hint="choose another directory")
    ignore_other_configuration()
    was_there = path.exists()
    try:
        handle = pygit2.init_repository(str(path), bare=True, initial_head=branch)
        handle.config["core.logAllRefUpdates"] = True
        handle.config["receive.hideRefs"] = OWN
        found = hooks_path(Path(handle.path))
        if found is not None and not found.own:
            # Use its own hooks, not those of the user's configuration.
            handle.config["core.hooksPath"] = "hooks"
    except (OSError, pygit2.GitError) as error:
        with contextlib.suppress(OSError):
            for half_made in list(path.iterdir()) if was_there else [path]:
                _remove(half_made)
        raise Fatal(
            f"cannot create a repository at {path}: {error}",
            hint="check that its parent folder is writable and that the disk has space",
        ) from None
    return GitRepository.open(path)


def commit_folder(path: Path, branch: str, folder: Path, message: str, author: Person) -> CommitId:
    """Make the files of a folder the first commit of a branch of a new repository.

    :raises Fatal: the commit cannot be written.
    """
    handle = open_handle(path, trust_owner=False)
    index = pygit2.Index()
    who = signature(author, int(time.time()))
    try:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            blob = handle.create_blob(file.read_bytes())
            name = file.relative_to(folder).as_posix()
            index.add(pygit2.IndexEntry(name, blob, pygit2.enums.FileMode.BLOB))
        tree = index.write_tree(handle)
        made = handle.create_commit(f"refs/heads/{branch}", who, who, message, tree, [])
    except (OSError, pygit2.GitError) as error:
        raise Fatal(
            f"cannot write a commit to {path}: {error}",
            hint="remove the repository, check that the disk has space, and try again",
        ) from None
    return CommitId(str(made))


def _remove(half_made: Path) -> None:
    """Remove an incomplete repository, which would block the next attempt."""
    if half_made.is_dir():
        shutil.rmtree(half_made, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            half_made.unlink()


def ready_for_pushes(path: Path) -> None:
    """Allow ``git push -o``, and refuse pushes to gitmesh's own refs.

    Otherwise, anyone with push access could delete checkpoints, and a mirror push would do so by
    mistake.

    :raises UsageError: the configuration cannot be written.
    """
    ignore_other_configuration()
    try:
        config = open_handle(path, trust_owner=False).config
        config["receive.advertisePushOptions"] = True
        config.set_multivar("receive.hideRefs", f"^{OWN}$", OWN)  # added to other hidden refs
    except (OSError, pygit2.GitError) as error:
        raise UsageError(f"{path}: the configuration cannot be written: {error}") from None
