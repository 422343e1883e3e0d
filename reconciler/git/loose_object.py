"""Objects that are in files of their own, read without libgit2.

libgit2 up to 1.9.7 never returns from reading such a file that is cut off, as a full disk or a
power cut leaves it (docs/decisions/0067).
"""

import hashlib
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_HEADER: Final = re.compile(rb"(commit|tree|blob|tag) (\d{1,18})\0")
_MOST_OF_HEADER: Final = 32
_PACKED_HEADER: Final = 1_024
"""Bytes of a file that suffice to unpack its header, with the tables in front of it."""


class DamagedObject(Exception):
    """The file of an object is not what git wrote."""


class LooseObjects:
    """The objects of some folders that are not in packs."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def header(self, oid: str) -> tuple[str, int] | None:
        """Return the kind and the size of an object; None if it has no file that can be opened.

        :raises DamagedObject: the file does not begin like an object.
        """
        found = self._open(oid)
        return None if found is None else found[:2]

    def read(self, oid: str) -> tuple[str, bytes] | None:
        """Return the kind and the bytes of an object; None if it has no file that can be opened.

        Check its size first: it may be huge.

        :raises DamagedObject: the file is cut off, or not the object of this id.
        """
        found = self._open(oid, whole=True)
        if found is None:
            return None
        kind, size, content = found
        whole = hashlib.sha1(b"%s %d\0" % (kind.encode(), size), usedforsecurity=False)
        whole.update(content)
        if len(content) != size or whole.hexdigest() != oid:
            raise DamagedObject(oid)
        return kind, content

    def _open(self, oid: str, *, whole: bool = False) -> tuple[str, int, bytes] | None:
        for folder in self._folders:
            try:
                with (folder / oid[:2] / oid[2:]).open("rb") as file:
                    packed = file.read() if whole else file.read(_PACKED_HEADER)
            except OSError:
                continue
            return _parse(oid, packed, whole=whole)
        return None


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
