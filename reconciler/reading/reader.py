"""Reader of a commit's specs from git objects, incrementally from an earlier commit."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from mesh.parsing.document import DEFAULT_LIMITS
from mesh.problems.problem import Problem, Severity, errors
from mesh.settings import DEFAULT_SETTINGS, SETTINGS_FILE, RepositorySettings, read_settings
from reconciler.reading.file import SpecFile, key_of, read_file
from reconciler.reading.listing import (
    MANY_ENTRIES,
    MAX_ENTRIES,
    Changes,
    Entry,
    EntryKind,
    TooLarge,
    TreeWalk,
)
from reconciler.reading.scope import Scope, as_text
from reconciler.reading.source import ObjectId, ObjectMissing, Objects
from reconciler.reading.tree import EMPTY, Listing, SpecTree, Step, step

MAX_BYTES: Final = 64 * 1024 * 1024
"""Maximum bytes of all specs of a commit together."""
MAX_DOCUMENTS: Final = 50_000
"""Maximum resources in a commit."""
MAX_ERRORS: Final = 20_000
"""Errors of single files in one commit. Beyond that, only the first errors by path are kept."""
TOLD_ERRORS: Final = 100
"""Number of errors that are kept for a commit that has too many."""

LINKING_BYTES: Final = 8 * 1024
"""Memory for linking, planning and logging one changed resource; 7 KB were measured."""

Progress = Callable[[str, int, int], None]
"""Progress callback: activity, done, total. Called from a worker thread."""

Room = Callable[[int], None]
"""Check that raises ``MemoryError`` if the process cannot get this many more bytes besides a
reserve."""

Known = Callable[[SpecTree, ObjectId], Step | None]
"""Lookup of the step from one spec tree to a git tree, if another part of the process has read
it."""

_PROGRESS_EVERY: Final = 200
_ROOM_EVERY: Final = 200
"""Number of files and resources between two checks of memory. Smaller commits are read
unchecked."""


class TooMuch(TooLarge):
    """All specs together exceed a limit."""

    def __init__(self, message: str) -> None:
        super().__init__(b"", message)


class TooManyErrors(Exception):
    """The files of a commit have more errors than the limit."""


class TreeReader:
    """Reads trees one after the other; objects that they share are read once.

    :param room: called repeatedly while a large commit is read, so that the reader stops while
        other parts of the process still have memory.
    :param known: returns trees that other parts of the process have read already.
    """

    def __init__(
        self,
        objects: Objects,
        progress: Progress | None = None,
        room: Room = lambda more_bytes: None,
        known: Known = lambda base, root: None,
    ) -> None:
        self._objects = objects
        self._known = known
        self._progress = progress
        self._room = room
        self._walk = TreeWalk(objects)

    def read(self, root: ObjectId, base: SpecTree = EMPTY) -> Step:
        """Return the specs of a commit's tree. The cost is proportional to the differences from
        ``base``.

        A tree that exceeds a limit, or has invalid settings, is returned with these problems only;
        the next tree can still be read incrementally from it.

        :raises ObjectMissing: the repository lacks an object of the tree.
        :raises MemoryError: there is not enough memory for the tree.
        """
        if root == base.listing.tree and not base.faults:
            return Step(base, frozenset())
        if (known := self._known(base, root)) is not None:
            return known
        try:
            return self._read(root, base)
        except TooLarge as error:
            return Step(base.unreadable([too_large(error)]), frozenset())

    def _read(self, root: ObjectId, base: SpecTree) -> Step:
        entry = self._walk.find(root, SETTINGS_FILE.encode())
        settings = self._settings(entry, base.listing)
        if not isinstance(settings, RepositorySettings):
            return Step(base.unreadable(settings), frozenset())
        folder = (settings.root or "").encode()
        if folder and not self._walk.has_folder(root, folder):
            return Step(base.unreadable([_no_root(settings)]), frozenset())
        return self._step(root, Listing(root, settings, entry), base)

    def _settings(self, entry: Entry | None, base: Listing) -> RepositorySettings | list[Problem]:
        if entry == base.settings_entry:
            return base.settings
        if entry is None:
            return DEFAULT_SETTINGS
        if entry.kind is not EntryKind.FILE:
            return [_settings_problem("gitmesh.yaml must be a plain file")]
        if self._objects.blob_bytes(entry.blob) > DEFAULT_LIMITS.max_bytes:
            return [_settings_problem("gitmesh.yaml is too big")]
        return read_settings(self._objects.read_blob(entry.blob))

    def _step(self, root: ObjectId, listing: Listing, base: SpecTree) -> Step:
        scope = Scope(listing.settings)
        try:
            entries, total = self._entries(root, scope, base)
        except TooLarge:
            # The first exceeded limit depends on where the walk began, but the result for a commit
            # must not: report what a walk of the whole tree finds.
            self._walk.compare(None, root, scope)
            raise
        complete = Listing(listing.tree, listing.settings, listing.settings_entry, total)
        try:
            return self._advance(base, entries, complete)
        except (TooLarge, TooManyErrors) as error:
            # The first of several exceeded limits depends on what was read: see above.
            return Step(base.unreadable(self._faults(root, scope, error)), frozenset())

    def _advance(
        self, base: SpecTree, entries: dict[bytes, Entry | None], listing: Listing
    ) -> Step:
        changes = dict(self._read_files(entries))
        linked = sum(len(file.resources) for file in changes.values() if file)
        if linked >= _ROOM_EVERY:
            self._room(LINKING_BYTES * linked)
        reached = step(base, changes, listing)
        require_size(reached.tree.size, reached.tree.documents)
        if reached.tree.errors > MAX_ERRORS:
            raise TooManyErrors
        return reached

    def _faults(
        self, root: ObjectId, scope: Scope, error: TooLarge | TooManyErrors
    ) -> list[Problem]:
        """Return a problem for each limit that a tree exceeds, computed from its files in path
        order."""
        bounds, found = _Bounds(), list[Problem]()
        entries = self._walk.compare(None, root, scope).entries
        try:
            for path, entry in sorted(entries.items()):
                if entry is not None:
                    file = self._read_file(path, entry)
                    found += errors(file.problems)[: TOLD_ERRORS - len(found)]
                    bounds.add(file)
        except (TooLarge, TooManyErrors) as first:
            error = first
        if isinstance(error, TooMuch):
            error = TooLarge(b"", f"{error.message}; {self._heaviest(root, scope)}")
        return [too_large(error)] if isinstance(error, TooLarge) else [_too_many_errors(), *found]

    def _heaviest(self, root: ObjectId, scope: Scope) -> str:
        """Return as text the folder with the most files, found by a walk of the whole tree."""
        sizes: Counter[bytes] = Counter()
        for path, entry in self._walk.compare(None, root, scope).entries.items():
            if entry is not None and entry.kind is EntryKind.FILE:
                sizes[path.rpartition(b"/")[0]] += self._objects.blob_bytes(entry.blob)
        folder, size = max(sizes.items(), key=lambda item: (item[1], item[0]))
        name = f"the folder {as_text(folder)}" if folder else "the folder at the root"
        return f"{name} contains the most, {size} bytes"

    def _entries(
        self, root: ObjectId, scope: Scope, base: SpecTree
    ) -> tuple[dict[bytes, Entry | None], int]:
        """Return the entries that differ from those of ``base``, and the total number of
        entries."""
        known = base.listing
        if known.tree and known.settings.scope == scope.settings.scope:
            try:
                found = self._walk.compare(known.tree, root, scope)
                return found.entries, _bounded(known.entries + found.added - found.removed)
            except ObjectMissing:
                pass  # git has dropped the old tree: read the new one completely
        found = self._walk.compare(None, root, scope)
        return _against(base, found), found.added

    def _read_files(
        self, entries: dict[bytes, Entry | None]
    ) -> Iterator[tuple[str, SpecFile | None]]:
        bounds, asked = _Bounds(), 0
        for done, (path, entry) in enumerate(entries.items()):
            if done + bounds.documents - asked >= _ROOM_EVERY:
                asked = done + bounds.documents
                self._room(0)
            if self._progress and done % _PROGRESS_EVERY == 0 and len(entries) >= _PROGRESS_EVERY:
                self._progress("reading specs", done, len(entries))
            file = self._read_file(path, entry) if entry else None
            if file is not None:
                bounds.add(file)
            yield key_of(path), file

    def _read_file(self, path: bytes, entry: Entry) -> SpecFile:
        return read_file(
            path,
            entry,
            lambda: self._objects.blob_bytes(entry.blob),
            lambda: self._objects.read_blob(entry.blob),
        )


def _bounded(entries: int) -> int:
    if entries > MAX_ENTRIES:
        raise TooMuch(MANY_ENTRIES)
    return entries


def require_size(size: int, documents: int) -> None:
    """Require that all specs of one source together are within the limits.

    :raises TooMuch: they are not within the limits.
    """
    if size > MAX_BYTES or documents > MAX_DOCUMENTS:
        most = f"{MAX_BYTES} bytes or {MAX_DOCUMENTS} resources"
        raise TooMuch(f"all specs together are more than {most}")


@dataclass(slots=True)
class _Bounds:
    """Totals of the files that were read; raises as soon as they exceed a limit."""

    size: int = 0
    documents: int = 0
    errors: int = 0

    def add(self, file: SpecFile) -> None:
        """Count a file.

        :raises TooLarge: the files have too many bytes or resources.
        :raises TooManyErrors: the files have too many errors.
        """
        self.size += file.size
        self.documents += len(file.resources)
        self.errors += sum(problem.severity is Severity.ERROR for problem in file.problems)
        require_size(self.size, self.documents)
        if self.errors > MAX_ERRORS:
            raise TooManyErrors


def _against(base: SpecTree, found: Changes) -> dict[bytes, Entry | None]:
    """Reduce a complete listing to its differences from the known files."""
    entries = dict(found.entries)
    for key, file in base.files.items():
        path = key.encode("utf-8", "surrogateescape")
        if path not in entries:
            entries[path] = None
        elif entries[path] == file.entry:
            del entries[path]
    return entries


def _no_root(settings: RepositorySettings) -> Problem:
    return _settings_problem(f"there is no folder {settings.root!r}, which the setting root names")


def _settings_problem(message: str) -> Problem:
    return Problem(SETTINGS_FILE, 1, "$", "settings", message)


def _too_many_errors() -> Problem:
    return Problem(
        "",
        0,
        "$",
        "more-problems",
        f"the files have more than {MAX_ERRORS:,} errors; only the first are listed",
        "correct the first ones; this may remove the others, too",
    )


def too_large(error: TooLarge) -> Problem:
    """Return the problem of a source that exceeds a limit."""
    return Problem(
        as_text(error.path),
        0,
        "$",
        "tree-too-large",
        error.message,
        "exclude other files: set root or ignore in gitmesh.yaml",
    )
