"""Spec files on disk: found by the same rules as in a push, and replaced atomically."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mesh.errors import Fatal, UsageError
from mesh.settings import DEFAULT_SETTINGS, SETTINGS_FILE, RepositorySettings, read_settings
from reconciler.reading.scope import Scope


def spec_files(targets: Sequence[Path]) -> Iterator[Path]:
    """Yield the named files, and the spec files in named folders.

    :raises UsageError: a target does not exist.
    """
    for target in targets:
        if target.is_dir():
            yield from _below(target)
        elif target.is_file():
            yield target
        else:
            raise UsageError(f"there is no {target}", hint="give files or folders of specs")


def _below(top: Path) -> Iterator[Path]:
    scope = Scope(_settings(top))
    for folder, folders, names in os.walk(os.fsencode(top)):
        inside = os.path.relpath(folder, os.fsencode(top))
        prefix = b"" if inside == b"." else inside + b"/"
        folders[:] = sorted(name for name in folders if scope.may_hold_specs(prefix + name))
        for name in sorted(names):
            path = Path(os.fsdecode(os.path.join(folder, name)))
            if scope.is_spec(prefix + name) and not path.is_symlink():
                yield path


def _settings(top: Path) -> RepositorySettings:
    try:
        settings = read_settings((top / SETTINGS_FILE).read_bytes())
    except FileNotFoundError:
        return DEFAULT_SETTINGS
    return settings if isinstance(settings, RepositorySettings) else DEFAULT_SETTINGS


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's bytes, up to one more than ``most``.

    :raises UsageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: a reader, or a crash, sees the old content or the new one.

    :raises Fatal: the file cannot be written.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise Fatal(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        os.replace(name, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise Fatal(f"{path} cannot be written: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
