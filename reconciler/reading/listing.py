"""Differences between two git trees that affect specs. Pure except for reading trees.

Only differing subtrees are read, so the cost is proportional to the change. The walk always ends:
entries, depth and path lengths are limited, which also stops tree bombs (ten small trees that
expand to 10¹⁰ paths).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from reconciler.reading.scope import Scope, as_text
from reconciler.reading.source import ObjectId, Objects, ObjectTooBig
from reconciler.reading.tree_object import SUBMODULE, SYMLINK, Malformed, Mode, differing, lookup

MAX_ENTRIES: Final = 50_000
"""Maximum files and folders below the root; hidden and ignored folders are not entered."""
MANY_ENTRIES: Final = f"there are more than {MAX_ENTRIES} files and folders"
MAX_DEPTH: Final = 32
MAX_PATH: Final = 1_024
"""Maximum bytes of a path."""

_CACHED_BYTES: Final = 32 * 1024 * 1024


class EntryKind(Enum):
    """Kind of a tree entry."""

    FILE = "file"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class Entry:
    """Content of a path in a tree."""

    kind: EntryKind
    blob: ObjectId


class TooLarge(Exception):
    """A tree exceeds a limit; ``path`` says where."""

    def __init__(self, path: bytes, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


@dataclass(slots=True)
class Changes:
    """Changed entries by path, None for a removed path."""

    entries: dict[bytes, Entry | None] = field(default_factory=dict)
    added: int = 0
    """Number of entries, including folders, that only the new tree has."""
    removed: int = 0


class TreeWalk:
    """Compares trees and caches the last ones read."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._cache: OrderedDict[bytes, bytes] = OrderedDict()
        self._cached = 0

    def compare(self, before: ObjectId | None, after: ObjectId, scope: Scope) -> Changes:
        """Return the changes from one root tree to another; if ``before`` is None, all entries.

        :raises TooLarge: the new tree exceeds a limit.
        :raises ObjectMissing: a tree is missing. Call again with ``before=None`` to read the new
            tree completely.
        """
        changes = Changes()
        old = bytes.fromhex(before) if before else None
        self._folder(b"", old, bytes.fromhex(after), scope, changes)
        return changes

    def find(self, tree: ObjectId, name: bytes) -> Entry | None:
        """Return the entry of that name at the root of a tree, or None.

        :raises TooLarge: the root tree is too large to read.
        """
        found = self._lookup(b"", bytes.fromhex(tree), name)
        return _entry(*found) if found else None

    def has_folder(self, tree: ObjectId, path: bytes) -> bool:
        """Return whether the tree has a folder at that path.

        :raises TooLarge: a tree on that path is too large to read.
        """
        at = bytes.fromhex(tree)
        for name in path.split(b"/"):
            found = self._lookup(path, at, name + b"/")
            if found is None:
                return False
            at = found[1]
        return True

    def _lookup(self, path: bytes, tree: bytes, name: bytes) -> tuple[Mode, bytes] | None:
        try:
            return lookup(self._read(path, tree), name)
        except Malformed:
            raise _malformed(path) from None

    def _folder(
        self, path: bytes, old: bytes | None, new: bytes | None, scope: Scope, changes: Changes
    ) -> None:
        if old == new or not scope.may_hold_specs(path):
            return
        if path.count(b"/") >= MAX_DEPTH:
            raise TooLarge(path, f"folders are nested deeper than {MAX_DEPTH}")
        before = self._read(path, old) if old else b""
        after = self._read(path, new) if new else b""
        try:
            gone, there = differing(before, after)
        except Malformed:
            raise _malformed(path) from None
        prefix = path + b"/" if path else b""
        # Removals come first: a folder may replace a file with the same name.
        for name, entry in gone.items():
            self._gone(prefix + name, entry, name in there, scope, changes)
        for name, entry in there.items():
            self._there(prefix + name, entry, gone.get(name), scope, changes)

    def _gone(
        self, path: bytes, entry: tuple[Mode, bytes], changed: bool, scope: Scope, changes: Changes
    ) -> None:
        changes.removed += 1
        if not path.endswith(b"/"):
            if _matters(path, entry[0], scope):
                changes.entries[path] = None
        elif not changed:
            self._folder(path[:-1], entry[1], None, scope, changes)

    def _there(
        self,
        path: bytes,
        entry: tuple[Mode, bytes],
        was: tuple[Mode, bytes] | None,
        scope: Scope,
        changes: Changes,
    ) -> None:
        changes.added += 1
        if changes.added > MAX_ENTRIES:
            raise many_entries(path)
        if len(path) > MAX_PATH:
            raise TooLarge(path[:MAX_PATH], f"a path is longer than {MAX_PATH} bytes")
        if path.endswith(b"/"):
            self._folder(path[:-1], was[1] if was else None, entry[1], scope, changes)
        elif _matters(path, entry[0], scope):
            changes.entries[path] = _entry(*entry)

    def _read(self, path: bytes, tree: bytes) -> bytes:
        known = self._cache.get(tree)
        if known is not None:
            self._cache.move_to_end(tree)
            return known
        try:
            raw = self._objects.read_tree(ObjectId(tree.hex()))
        except ObjectTooBig:
            raise TooLarge(path, f"{_folder_at(path)} contains too many files") from None
        self._cache[tree] = raw
        self._cached += len(raw)
        while self._cached > _CACHED_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= len(dropped)
        return raw


def many_entries(path: bytes) -> TooLarge:
    """Return the error for a tree with too many entries; ``path`` is the first entry beyond the
    limit."""
    return TooLarge(b"", f"{MANY_ENTRIES}; {as_text(path)} is the first beyond the limit")


def _malformed(path: bytes) -> TooLarge:
    return TooLarge(path, f"the tree object of {_folder_at(path)} is malformed")


def _folder_at(path: bytes) -> str:
    return "the folder" if path else "the folder at the root"


def _matters(path: bytes, mode: Mode, scope: Scope) -> bool:
    if mode == SUBMODULE:
        return scope.may_hold_specs(path)
    return scope.covers(path) if mode == SYMLINK else scope.is_spec(path)


def _entry(mode: Mode, oid: bytes) -> Entry:
    kind = EntryKind.FILE
    if mode == SYMLINK:
        kind = EntryKind.SYMLINK
    elif mode == SUBMODULE:
        kind = EntryKind.SUBMODULE
    return Entry(kind, ObjectId(oid.hex()))
