"""Replacement of files of secrets: one change at a time, and each file as a whole."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from mesh.errors import UsageError


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else changes a file of this folder."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name a file in a folder") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name a file of yours") from None
    finally:
        os.close(folder)


def replace_file(path: Path, text: str) -> None:
    """Replace a file at once; only its owner may read it.

    :raises OSError: it cannot be written; the file before is untouched.
    """
    target = path.resolve()
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    owner = target.stat() if target.exists() else None
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if owner is not None and owner.st_uid != os.geteuid():
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
