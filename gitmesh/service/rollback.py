"""Rollback: the tree that restores an earlier mesh, or some of its resources.

Objects are written, but no ref points to them until the branch moves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from events.types import CommitId
from gitmesh.push.check import last_good
from mesh.errors import Fatal, UsageError
from mesh.graph.linked import MeshGraph
from mesh.keys import ResourceKey
from mesh.resource import Resource, spec_json
from mesh.settings import SETTINGS_FILE
from mesh.tidy.replacing import document_of, with_document, with_spec, without
from mesh.tidy.splicing import Part, is_json, part_of, replaced
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Contents, FileFrom, write_tree
from reconciler.reading.listing import Entry, TooLarge, TreeWalk
from reconciler.reading.reader import TreeReader
from reconciler.reading.scope import Scope
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import SpecTree

MOST_NAMED: Final = 20
"""Maximum commits that a rollback's message lists as reverted."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """A planned rollback."""

    tip: CommitId
    """The branch's current commit."""
    to: CommitId
    tree: ObjectId
    """The tree of the new commit."""
    before: MeshGraph
    """The current mesh: that of the branch's newest valid commit."""
    after: SpecTree
    """The specs in ``tree``. They may have problems."""
    undone: tuple[CommitId, ...] = ()
    """The reverted commits, newest first; none if only parts of them are reverted."""
    only: tuple[ResourceKey, ...] = ()

    unchanged: bool = False
    """True if the branch has this tree already."""


def whole(repo: GitRepository, tip: CommitId, to: CommitId) -> Rollback:
    """Return a rollback of all specs and settings to a commit; other files stay.

    :raises GitmeshError: one of the commits cannot be read, or nothing can be written.
    """
    reader, walk = TreeReader(repo), TreeWalk(repo)
    old, new = repo.tree_of(to), repo.tree_of(tip)
    target = reader.read(old).tree
    if target.faults:
        return _planned(repo, reader, tip, to, old)
    scope = Scope(target.listing.settings)
    try:
        changes: dict[bytes, Entry | None] = dict(walk.compare(new, old, scope).entries)
        name = SETTINGS_FILE.encode()
        if walk.find(new, name) != (then := walk.find(old, name)):
            changes[name] = then
    except TooLarge as error:
        raise UsageError(
            f"{tip[:7]} cannot be compared with {to[:7]}: {error.message}",
            hint="roll it back with git: git revert",
        ) from None
    contents: Contents = {p: FileFrom(old, p) if e else None for p, e in changes.items()}
    tree = write_tree(repo, new, contents) if contents else new
    return _planned(repo, reader, tip, to, tree, undone=_undone(repo, tip, to))


def only(repo: GitRepository, tip: CommitId, to: CommitId, keys: Sequence[ResourceKey]) -> Rollback:
    """Return a rollback of some resources to their earlier specs, whatever else changed since.

    A resource's current file gets its old spec; a removed resource returns to its old file; a
    resource that did not exist is removed.

    :raises UsageError: there is no such resource, or its form can only be changed by hand.
    :raises GitmeshError: one of the commits cannot be read, or nothing can be written.
    """
    reader = TreeReader(repo)
    now, then = (reader.read(repo.tree_of(commit)).tree for commit in (tip, to))
    files = _Files(repo, now, then)
    for key in keys:
        files.restore(key)
    base = repo.tree_of(tip)
    tree = write_tree(repo, base, files.changed) if files.changed else base
    found = _planned(repo, reader, tip, to, tree, keys=tuple(keys))
    _require_nothing_else(now.graph, then.graph, found.after.graph, frozenset(keys))
    return found


def message(rollback: Rollback, repo: GitRepository, reason: str) -> str:
    """Return the commit message, with trailers that name what is undone."""
    subject = repo.facts(rollback.to).message.partition("\n")[0].strip()
    what = f"{len(rollback.only)} resource{'s' if len(rollback.only) > 1 else ''}"
    parts = [
        f"Roll {what + ' ' if rollback.only else ''}back to {rollback.to[:7]} “{subject[:60]}”",
        " ".join(reason.split()),
        "\n".join(f"This reverts commit {commit}." for commit in rollback.undone),
    ]
    trailers = [f"Gitmesh-Rollback-To: {rollback.to}"]
    trailers += [f"Gitmesh-Rollback-Only: {key}" for key in rollback.only]
    return "\n\n".join([*filter(None, parts), "\n".join(trailers)]) + "\n"


def _planned(
    repo: GitRepository,
    reader: TreeReader,
    tip: CommitId,
    to: CommitId,
    tree: ObjectId,
    *,
    undone: tuple[CommitId, ...] = (),
    keys: tuple[ResourceKey, ...] = (),
) -> Rollback:
    good = last_good(repo, reader, tip)
    same = tree == repo.tree_of(tip)
    after = reader.read(tree, good).tree
    return Rollback(tip, to, tree, good.graph, after, undone, keys, same)


def _undone(repo: GitRepository, tip: CommitId, to: CommitId) -> tuple[CommitId, ...]:
    found: list[CommitId] = []
    commit: CommitId | None = tip
    while commit is not None and commit != to:
        found.append(commit)
        if len(found) > MOST_NAMED:
            return ()
        commit = repo.first_parent(commit)
    return tuple(found) if commit is not None else ()


class _Files:
    """The files of the tip with their new content."""

    def __init__(self, repo: GitRepository, now: SpecTree, then: SpecTree) -> None:
        self.changed: dict[bytes, bytes | None] = {}
        self._repo = repo
        self._now = now
        self._then = then

    def restore(self, key: ResourceKey) -> None:
        """Restore one resource."""
        now, then = self._now.graph.get(key), self._then.graph.get(key)
        here, there = self._part(self._now, now), self._part(self._then, then)
        if now != then and any(part and part.is_manifest for part in (here, there)):
            self._splice(key, here, there)
            return
        match now, then:
            case None, None:
                raise UsageError(
                    f"there is no {key}, neither now nor then",
                    hint="gitmesh state shows the names of all resources",
                )
            case Resource(), Resource() if now != then:
                path = now.source.path
                self._set(path, with_spec(path, self._blob(path), now, spec_json(then.spec)))
            case Resource(), None:
                path = now.source.path
                self._set(path, without(path, self._blob(path), key))
            case None, Resource():
                path = then.source.path
                document = document_of(path, self._read(self._then, path) or b"", then)
                self._set(path, with_document(path, self._current(path), document))

    def _part(self, tree: SpecTree, resource: Resource | None) -> Part | None:
        if resource is None:
            return None
        path = resource.source.path
        made = tree.files[path].resources
        return part_of(path, self._read(tree, path) or b"", resource.key, made)

    def _splice(self, key: ResourceKey, here: Part | None, there: Part | None) -> None:
        """Restore the manifest of a resource.

        The manifest may exist for other resources, even if it did not or does not define this one.
        """
        here = here or (there and self._beside(self._now, there.keys))
        there = there or (here and self._beside(self._then, here.keys))
        if here and there and not (here.is_manifest and there.is_manifest):
            raise _irreconcilable(key, "one of the two is a Kubernetes manifest, the other is not")
        paths = [self._path(tree, part) for tree, part in ((self._now, here), (self._then, there))]
        now, then = paths
        if now and then and is_json(now) != is_json(then):
            raise _irreconcilable(key, f"{now} and {then} are JSON and YAML")
        if here and now:
            text = there.text if there else None
            self._set(now, replaced(now, self._blob(now), here, text))
        elif there and then:
            self._set(then, with_document(then, self._current(then), there.text))

    def _beside(self, tree: SpecTree, keys: Iterable[ResourceKey]) -> Part | None:
        """Return the document that defines one of these resources, if any."""
        found = (tree.graph.get(key) for key in sorted(keys))
        return next((self._part(tree, resource) for resource in found if resource), None)

    def _path(self, tree: SpecTree, part: Part | None) -> str | None:
        found = tree.graph.get(next(iter(part.keys))) if part else None
        return found.source.path if found else None

    def _blob(self, path: str) -> bytes:
        return self._current(path) or b""

    def _current(self, path: str) -> bytes | None:
        key = path.encode("utf-8", "surrogateescape")
        return self.changed[key] if key in self.changed else self._read(self._now, path)

    def _read(self, tree: SpecTree, path: str) -> bytes | None:
        file = tree.files.get(path)
        return None if file is None else self._repo.read_blob(file.entry.blob)

    def _set(self, path: str, text: bytes | None) -> None:
        self.changed[path.encode("utf-8", "surrogateescape")] = text


def _irreconcilable(key: ResourceKey, why: str) -> UsageError:
    return UsageError(
        f"{key} is not written today in the form that it had then: {why}",
        hint="change it by hand, or roll back as a whole, without --only",
    )


def _require_nothing_else(
    now: MeshGraph, then: MeshGraph, after: MeshGraph, keys: frozenset[ResourceKey]
) -> None:
    """Check that these resources are restored and all others are unchanged."""
    for key in now.resources.keys() | then.resources.keys() | after.resources.keys():
        expected = (then if key in keys else now).resources.get(key)
        if after.resources.get(key) != expected:
            raise Fatal(
                f"{key} cannot be told apart from what stands beside it in its file",
                hint="change it by hand, or roll back as a whole, without --only",
            )
