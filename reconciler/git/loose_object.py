"""Objects that are in files of their own, read and written without libgit2.

libgit2 up to 1.9.7 never returns from reading such a file that is cut off, as a full disk or a
power cut leaves it (docs/decisions/0067). While it writes one, no other thread of the process can
run (docs/decisions/0077).
"""

import contextlib
import hashlib
import os
import re
import secrets
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from reconciler.reading.source import ObjectTooBig

_HEADER: Final = re.compile(rb"(commit|tree|blob|tag) (\d{1,18})\0")
_MOST_OF_HEADER: Final = 32
_PACKED_HEADER: Final = 1_024
"""Bytes of a file that suffice to unpack its header, with the tables in front of it."""
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_FASTEST: Final = 1
"""Level of zlib's compression."""


class DamagedObject(Exception):
    """The file of a loose object is damaged."""


class LooseObjects:
    """The loose objects in some object folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [os.fspath(folder) for folder in folders]

    def header(self, oid: str) -> tuple[str, int] | None:
        """Return the kind and the size of an object; None if it has no readable file.

        :raises DamagedObject: the file does not begin like an object.
        """
        found = self._open(oid)
        return None if found is None else found[:2]

    def read(self, oid: str, most: int | None = None) -> tuple[str, bytes] | None:
        """Return the kind and the bytes of an object; None if it has no readable file.

        :param most: maximum bytes. Without it, check the size first: the object may be huge.
        :raises DamagedObject: the file is truncated, or contains another object.
        :raises ObjectTooBig: the object has more than ``most`` bytes.
        """
        found = self._open(oid, whole=True, most=most)
        if found is None:
            return None
        kind, size, content = found
        whole = hashlib.sha1(b"%s %d\0" % (kind.encode(), size), usedforsecurity=False)
        whole.update(content)
        if len(content) != size or whole.hexdigest() != oid:
            raise DamagedObject(oid)
        return kind, content

    def _open(
        self, oid: str, *, whole: bool = False, most: int | None = None
    ) -> tuple[str, int, bytes] | None:
        for folder in self._folders:
            path = f"{folder}/{oid[:2]}/{oid[2:]}"
            if not os.access(path, os.F_OK):
                continue  # most objects are in packs, and errors take time
            try:
                with open(path, "rb", buffering=0) as file:
                    packed = file.read(_PACKED_HEADER)
                    if most is not None:
                        _require_size(oid, packed, most)
                    packed += file.read() if whole else b""
            except OSError:
                continue
            return _parse(oid, packed, whole=whole)
        return None


def write_loose(folder: str, kind: str, content: bytes, *, synced: bool) -> str:
    """Write an object into a file of its own in ``folder``; return its id.

    A file gets its name only when it is complete, so a process that is killed leaves no truncated
    one. An existing file that is damaged is replaced.

    :param synced: force it to disk, as ``core.fsyncObjectFiles`` wants.
    :raises OSError: it cannot be written.
    """
    whole = b"%s %d\0%s" % (kind.encode(), len(content), content)
    oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    path = f"{folder}/{oid[:2]}/{oid[2:]}"
    with contextlib.suppress(OSError, DamagedObject):
        os.utime(path)  # git gc counts an object that exists as new again
        if LooseObjects([Path(folder)]).read(oid) is not None:
            return oid
    made = os.path.join(folder, f"tmp_obj_{secrets.token_hex(8)}")  # git gc removes what is left
    try:
        _write_file(made, zlib.compress(whole, _FASTEST), synced=synced)
        _rename(made, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(made)
        raise
    return oid


def _write_file(path: str, content: bytes, *, synced: bool) -> None:
    with open(os.open(path, _NEW_FILE, 0o444), "wb", buffering=0) as file:
        written = 0
        while written < len(content):
            written += file.write(content[written:])
        if synced:
            os.fsync(file.fileno())


def _rename(made: str, path: str) -> None:
    try:
        os.rename(made, path)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.dirname(path))
        os.rename(made, path)


def _require_size(oid: str, packed: bytes, most: int) -> None:
    _, size, _ = _parse(oid, packed, whole=False)
    if size > most:
        raise ObjectTooBig(oid, size)


def _parse(oid: str, packed: bytes, *, whole: bool) -> tuple[str, int, bytes]:
    stream = zlib.decompressobj()
    try:
        start = stream.decompress(packed, _MOST_OF_HEADER)
        header = _HEADER.match(start)
        if header is None:
            raise DamagedObject(oid)
        size, content = int(header[2]), start[header.end() :]
        if whole and len(content) <= size:
            # One byte more than it may have, so that what is too long is seen.
            content += stream.decompress(stream.unconsumed_tail, size - len(content) + 1)
        if whole and not stream.eof:
            raise DamagedObject(oid)
    except zlib.error:
        raise DamagedObject(oid) from None
    return header[1].decode(), size, content
