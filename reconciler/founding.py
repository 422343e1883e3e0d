"""Repositories that are made, or made ready, to be pushed to."""

import re
from pathlib import Path

import pygit2

from mesh.errors import UsageError
from reconciler.hooks_path import hooks_path
from reconciler.repo import GitRepository, ignore_other_configuration, open_handle


def init_bare(path: Path, branch: str = "main") -> GitRepository:
    """Make a bare repository that is ready to be pushed to, and open it.

    HEAD names ``branch``, git keeps a record of every move of its refs (off by default in bare
    repositories), and nobody can push to the refs that are gitmesh's own. An empty directory is
    used as it is.

    :raises UsageError: something is there already, or the name cannot be a branch's.
    """
    if not re.fullmatch(r"[\w][\w./-]*", branch) or not pygit2.reference_is_valid_name(
        f"refs/heads/{branch}"
    ):
        raise UsageError(f"{branch!r} cannot be the name of a branch", hint="try main")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is there already", hint="name a new directory")
    ignore_other_configuration()
    try:
        handle = pygit2.init_repository(str(path), bare=True, initial_head=branch)
    except (OSError, pygit2.GitError) as error:
        raise UsageError(f"cannot make a repository at {path}: {error}") from None
    handle.config["core.logAllRefUpdates"] = True
    handle.config["receive.hideRefs"] = "refs/gitmesh"
    found = hooks_path(Path(handle.path))
    if found is not None and not found.own:
        handle.config["core.hooksPath"] = "hooks"  # It has hooks of its own.
    return GitRepository.open(path)


def take_push_options(path: Path) -> None:
    """Let ``git push -o`` say something to the hooks of a repository.

    :raises UsageError: its configuration cannot be written.
    """
    ignore_other_configuration()
    try:
        handle = open_handle(path, trust_owner=False)
        handle.config["receive.advertisePushOptions"] = True
    except (OSError, pygit2.GitError) as error:
        raise UsageError(f"{path}: the configuration cannot be written: {error}") from None
