"""The existing event log of a repository; for a clone, a hint with the location of its origin's
log."""

import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gitmesh.queries.log_location import LOG_IN_GIT_DIR, git_dir, is_repository, log_path
from gitmesh.safe_text import visible
from mesh.errors import UsageError


def existing_log(repo: Path, explicit: Path | None = None) -> Path:
    """Return the path of a repository's existing event log, for commands that read it.

    :raises UsageError: there is no such repository, or it has no log yet.
    """
    path = log_path(repo, explicit)
    if not path.is_file():
        clone = None if explicit is not None else without_log(repo)
        raise clone or UsageError(
            f"{path} does not exist: no server has followed this repository yet",
            hint=f"start one with: gitmesh serve {shlex.quote(str(repo))} "
            "(or name the repository that one follows: --repo)",
        )
    return path


def log_if_any(repo: Path, explicit: Path | None = None) -> Path | None:
    """Return the log of a folder that need not be a repository with a log; None if it has none.

    :raises UsageError: the ``explicit`` log does not exist.
    """
    if explicit is not None:
        return existing_log(repo, explicit)
    if not is_repository(repo):
        return None
    path = log_path(repo)
    return path if path.is_file() else None


def without_log(repo: Path) -> UsageError | None:
    """Return the error for a work tree with a remote and no event log; None for other repositories.

    Only the served repository has an event log. A bare repository may be the served one.
    """
    from reconciler.git.handle import remote_of  # for this error alone

    where = git_dir(repo)
    remote = remote_of(where)
    if remote is None or where.name != ".git":
        return None
    message = f"{repo} is a clone: the event log is beside the repository that is served, not here"
    return UsageError(message, hint=_hint(remote, where.parent))


def cloned_from(repo: Path) -> str | None:
    """Return the remote to which a work tree pushes, if no server has followed the work tree
    itself: a local path, or an address without its password."""
    from reconciler.git.handle import remote_of  # for this answer alone

    where = git_dir(repo)
    remote = remote_of(where)
    if remote is None or where.name != ".git" or log_path(repo).is_file():
        return None
    local = _local(remote, where.parent)
    return _harmless(remote) if local is None else str(local)


def _hint(remote: str, work_tree: Path) -> str:
    path = _local(remote, work_tree)
    if path is None or not is_repository(path):
        return (
            f"run it where {_harmless(remote)} is served, with --repo; "
            "there is no API yet that answers from anywhere"
        )
    quoted = shlex.quote(str(path))
    log = _log_of(path)
    if log == git_dir(path) / LOG_IN_GIT_DIR:
        return f"name that repository: --repo {quoted}"
    if log is not None:
        return f"name its log: --repo {quoted} --log {shlex.quote(str(log))}"
    return f"no server has followed {quoted} yet: start one for it"


def _log_of(repo: Path) -> Path | None:
    """Return the log of a repository: the log that its hooks name, else the default."""
    from gitmesh.hooks.scripts import told  # For this error alone.

    where = git_dir(repo)
    hooks = told(where)
    usual = where / LOG_IN_GIT_DIR
    candidates = (None if hooks is None else hooks.log, usual)
    return next((path for path in candidates if path is not None and path.is_file()), None)


def _local(remote: str, work_tree: Path) -> Path | None:
    """Return the folder that a remote's address names; None if it is on another machine."""
    if remote.startswith("file://"):
        return Path(unquote(urlsplit(remote).path))
    if "://" in remote or ":" in remote.partition("/")[0]:
        return None
    return (work_tree / Path(remote).expanduser()).resolve()


def _harmless(remote: str) -> str:
    """Return an address without its password, if it has one."""
    scheme, found, rest = remote.partition("://")
    host, slash, path = rest.partition("/")
    if not found or "@" not in host:
        return visible(remote)
    return visible(f"{scheme}://{host.rpartition('@')[2]}{slash}{path}")
