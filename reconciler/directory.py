"""Read a directory of specs with the same limits as a commit, for ``gitmesh validate``.

Links are never followed, so nothing outside the directory is read.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from mesh.errors import UsageError
from mesh.parsing.document import DEFAULT_LIMITS
from mesh.problems.problem import Problem
from mesh.settings import DEFAULT_SETTINGS, SETTINGS_FILE, RepositorySettings, read_settings
from reconciler.reading.file import SpecFile, key_of, read_file, read_text
from reconciler.reading.listing import (
    MAX_DEPTH,
    MAX_ENTRIES,
    Entry,
    EntryKind,
    TooLarge,
    many_entries,
)
from reconciler.reading.reader import TooMuch, require_size, too_large
from reconciler.reading.scope import Scope, as_text
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, Listing, SpecTree, advance


def read_directory(path: Path) -> SpecTree:
    """Return the specs in a directory, as if it were the tree of a commit.

    :raises UsageError: there is no such directory, or it cannot be read.
    """
    if not path.is_dir():
        raise UsageError(f"there is no directory {path}", hint="give a directory of specs")
    try:
        return _read(path)
    except TooLarge as error:
        return EMPTY.unreadable([too_large(error)])
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be read: {error.strerror}") from None


def is_small(path: Path, most: int) -> bool:
    """Return whether a directory has so few spec files that it can be read at once. Never raises.

    Only the file names are read, and the settings that select spec files.
    """
    try:
        settings = _settings(path)
        if not isinstance(settings, RepositorySettings):
            return False
        found = _walk(os.fsencode(path), Scope(settings))
        return len(list(islice(found, most + 1))) <= most
    except (OSError, TooLarge):
        return False


def read_files(paths: Iterable[str]) -> SpecTree:
    """Return the specs of single files, as if they were the tree of a commit.

    The files keep the given paths, and are read whatever their names are.

    :raises UsageError: one of them cannot be read.
    """
    files: dict[str, SpecFile] = {}
    try:
        for path in paths:
            # A user who passes a symbolic link means its target.
            text = _bytes(os.path.realpath(os.fsencode(path))) or b""
            digest = hashlib.sha256(text).hexdigest()
            files[path] = read_text(path, Entry(EntryKind.FILE, ObjectId(digest)), text)
        return advance(EMPTY, files)
    except TooLarge as error:
        return EMPTY.unreadable([too_large(error)])
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from None


def _read(top: Path) -> SpecTree:
    settings = _settings(top)
    if not isinstance(settings, RepositorySettings):
        return EMPTY.unreadable(settings)
    scope = Scope(settings)
    files: dict[str, SpecFile] = {}
    size = documents = 0
    for path, kind in _walk(os.fsencode(top), scope):
        file = _file(os.fsencode(top), path, kind)
        size, documents = size + file.size, documents + len(file.resources)
        try:
            require_size(size, documents)
        except TooMuch as error:
            raise TooLarge(b"", f"{error.message}; {as_text(path)} exceeds the limit") from None
        files[key_of(path)] = file
    return advance(EMPTY, files, Listing(settings=settings, entries=len(files)))


def _settings(top: Path) -> RepositorySettings | list[Problem]:
    text = _bytes(os.fsencode(top / SETTINGS_FILE))
    return DEFAULT_SETTINGS if text is None else read_settings(text)


def _walk(top: bytes, scope: Scope) -> Iterator[tuple[bytes, EntryKind]]:
    """Yield the relevant paths, relative to ``top``."""
    count = 0
    folders = [b""]
    while folders:
        folder = folders.pop()
        for entry in _entries(top, folder):
            path = folder + b"/" + entry.name if folder else entry.name
            count += 1
            if count > MAX_ENTRIES:
                raise many_entries(path)
            if entry.is_dir(follow_symlinks=False):
                if scope.may_hold_specs(path):
                    folders.append(path)
            elif scope.covers(path) if entry.is_symlink() else scope.is_spec(path):
                yield path, EntryKind.SYMLINK if entry.is_symlink() else EntryKind.FILE


def _entries(top: bytes, folder: bytes) -> list[os.DirEntry[bytes]]:
    if folder.count(b"/") >= MAX_DEPTH:
        raise TooLarge(folder, f"folders are nested deeper than {MAX_DEPTH}")
    with os.scandir(os.path.join(top, folder)) as found:
        return sorted(found, key=lambda item: item.name)


def _file(top: bytes, path: bytes, kind: EntryKind) -> SpecFile:
    text = _bytes(os.path.join(top, path)) if kind is EntryKind.FILE else b""
    if text is None:
        return SpecFile(Entry(kind, ObjectId("")))
    entry = Entry(kind, ObjectId(hashlib.sha256(text).hexdigest()))
    return read_file(path, entry, lambda: len(text), lambda: text)


def _bytes(path: bytes) -> bytes | None:
    """Return the bytes of a regular file, up to one more than allowed; None if it is not a regular
    file."""
    try:
        # NONBLOCK, because opening a pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        return file.read(DEFAULT_LIMITS.max_bytes + 1)
