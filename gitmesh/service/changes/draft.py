"""A change of resources before it is a commit: files and meshes before and after.

Nothing is written, so a page can ask for one at each key that somebody presses.
"""

import hashlib
from dataclasses import dataclass

from events.types import CommitId
from gitmesh.service.changes.resource_change import REMEDY, Wanted, edited
from gitmesh.service.changes.unrequested_changes import forbid_unrequested_changes
from mesh.keys import ResourceKey
from mesh.parsing.document import read_documents
from mesh.parsing.identity import identify
from mesh.problems.problem import Problem, errors
from reconciler.git.repository import GitRepository
from reconciler.reading.file import SpecFile, read_text
from reconciler.reading.listing import Entry, EntryKind
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import SpecTree, step


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file before and after; None where it is not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A change on the tip of the branch."""

    tip: CommitId
    before: SpecTree
    after: SpecTree
    files: tuple[FileEdit, ...]
    """The files that change, by path."""

    @property
    def errors(self) -> list[Problem]:
        """Return the problems for which a push of this would be refused."""
        return errors(self.after.problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the errors and the new warnings of the mesh as it would be."""
        known = {(each.path, each.where, each.code) for each in self.before.problems}
        return tuple(
            each
            for each in self.after.problems
            if each.severity == "error" or (each.path, each.where, each.code) not in known
        )

    def problems_of(self, key: ResourceKey) -> tuple[list[Problem], list[Problem]]:
        """Return the problems in the document of a resource, and all others."""
        place = _place_of(self, key)
        mine, others = list[Problem](), list[Problem]()
        for each in self.problems:
            is_mine = place is not None and each.path == place[0] and each.line in place[1]
            (mine if is_mine else others).append(each)
        return mine, others


def draft(repo: GitRepository, tip: CommitId, now: SpecTree, wanted: Wanted) -> Draft:
    """Return what a change of the specs of ``tip`` would do.

    :raises UsageError: a document has a form that can only be changed by hand.
    :raises pydantic.ValidationError: a spec is none of its kind.
    :raises Fatal: another resource would change, too.
    """
    edits, resources = edited(repo, now, wanted)
    files = {path.decode("utf-8", "surrogateescape"): text for path, text in edits.changed.items()}
    changes = {path: None if text is None else _file(path, text) for path, text in files.items()}
    reached = step(now, changes, now.listing)
    found = tuple(
        FileEdit(path, _text(_before(repo, now, path)), _text(files[path]))
        for path in sorted(files)
        if _before(repo, now, path) != files[path]
    )
    made = Draft(tip, now, reached.tree, found)
    if not made.errors:
        graph = reached.tree.graph
        forbid_unrequested_changes(
            now.graph, graph, resources, remedy=REMEDY, touched=reached.touched
        )
    return made


def _file(path: str, text: bytes) -> SpecFile:
    digest = ObjectId(hashlib.sha256(text).hexdigest())
    return read_text(path, Entry(EntryKind.FILE, digest), text)


def _before(repo: GitRepository, now: SpecTree, path: str) -> bytes | None:
    file = now.files.get(path)
    return None if file is None else repo.read_blob(file.entry.blob)


def _text(blob: bytes | None) -> str | None:
    return None if blob is None else blob.decode("utf-8-sig", "replace")


def _place_of(found: Draft, key: ResourceKey) -> tuple[str, range] | None:
    """Return the file of a resource's document after the change, and the lines of the document."""
    resource = found.after.graph.get(key) or found.before.graph.get(key)
    known = None if resource is None else resource.source.path
    for file in found.files:
        place = _lines_of(file, key) if known in (None, file.path) else None
        if place is not None:
            return file.path, place
    return None


def _lines_of(file: FileEdit, key: ResourceKey) -> range | None:
    """Return the lines of a resource's document in a file; all if the file cannot be told apart."""
    text = file.after or ""
    documents = read_documents(file.path, text.encode()).documents
    starts = [document.source.line(()) for document in documents]
    keys = [identify(document).key for document in documents]
    if documents and key not in keys:
        return None
    if len(documents) < 2:
        return range(text.count("\n") + 2)
    at = keys.index(key)
    first = 0 if at == 0 else starts[at]
    last = starts[at + 1] if at + 1 < len(starts) else text.count("\n") + 2
    return range(first, last)
