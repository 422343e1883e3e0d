"""Reasons why a repository's files cannot be read, which libgit2 does not report."""

import errno
import os
from pathlib import Path
from typing import Final

from events.descriptors import HINT, OUT_OF_DESCRIPTORS, shortage
from reconciler.reading.source import SourceUnavailable

MISSING: Final = "repository-missing"
UNREADABLE: Final = "unreadable"
_NEEDED: Final = ("HEAD", "refs", "objects")
_FOLDERS: Final = ("refs/heads", "objects/pack", "objects/info")
_HINTS: Final = {
    errno.EACCES: "let the user that runs gitmesh read it",
    errno.EPERM: "let the user that runs gitmesh read it",
    errno.ESTALE: "the file server replaced it; remount it if this persists",
    errno.EIO: "check the disk",
}


def find_obstacle(repository: Path, git_dir: Path, ref: str = "") -> SourceUnavailable | None:
    """Return the reason why files of a repository cannot be read now; None if they can be read.

    :param ref: the full name of a ref whose file, if it has one, must be readable, too.
    """
    for name in _NEEDED:
        if (error := _error(git_dir / name)) is not None:
            return _explained(repository, git_dir / name, error)
    optional = [*_FOLDERS, *_parents(ref), "packed-refs"]
    for path in (git_dir / name for name in optional):
        error = _error(path)
        if error is not None and error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return _explained(repository, path, error)
    return None


def find_ref_obstacle(repository: Path, git_dir: Path, ref: str) -> SourceUnavailable | None:
    """Return the reason why the value of a ref is unreliable now; None if it is reliable.

    If the folder of loose refs is missing, libgit2 uses packed refs, which may be older.
    """
    folders = _parents(ref)
    for name in ("refs", *folders[1:]):
        error = _error(git_dir / name)
        if error is not None and (name == "refs" or error.errno != errno.ENOENT):
            return _explained(repository, git_dir / name, error)
    return None


def unreadable(repository: Path, error: OSError) -> SourceUnavailable:
    """Return the error for an operating system error that occurred while a repository was read."""
    return _explained(repository, Path(error.filename or repository), error)


def _parents(ref: str) -> list[str]:
    """Return the folders that lead to a ref."""
    parts = ref.split("/") if ref.startswith("refs/") else []
    return ["/".join(parts[: n + 1]) for n in range(len(parts) - 1)]


def _error(path: Path) -> OSError | None:
    name = os.fspath(path)
    try:
        try:
            os.scandir(name).close()
            # Without the search permission, only the names in the directory are readable.
            os.stat(f"{name}/.")
        except NotADirectoryError:
            os.close(os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        return error
    return None


def _explained(repository: Path, path: Path, error: OSError) -> SourceUnavailable:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return SourceUnavailable(OUT_OF_DESCRIPTORS, shortage(error), hint=HINT)
    words = error.strerror or str(error)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return SourceUnavailable(
            MISSING,
            f"{repository} contains no repository now: {path} is missing",
            hint="put it back; until then the server serves the last mesh",
        )
    hint = _HINTS.get(error.errno or 0, "check the disk, and who may read it")
    return SourceUnavailable(UNREADABLE, f"{path} cannot be read now: {words}", hint=hint)
