"""The objects of a git repository: commits, trees and blobs, and how commits are related.

Read with bounds, and without the files that make git show another history. Methods block; call
them from one thread at a time.
"""

from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import ObjectType

from events.memory import require_memory
from events.types import CommitFacts, CommitId
from reconciler.git.ancestry import ancestry, merge_base
from reconciler.git.commit import parents_of, read_commit_object, tree_of
from reconciler.git.handle import LOOK_UP_BYTES, common_dir, contains, open_objects
from reconciler.git.large_object import commit_head
from reconciler.git.obstacle import UNREADABLE, find_obstacle
from reconciler.reading.source import ObjectId, ObjectMissing, ObjectTooBig, SourceUnavailable

MAX_TREE_BYTES: Final = 16 * 1024 * 1024
MAX_COMMIT_BYTES: Final = 16 * 1024 * 1024

NOT_FOUND: Final = (KeyError, ValueError, OSError, pygit2.GitError)
"""Errors of pygit2 about what does not exist or cannot be read."""


class ObjectStore:
    """The objects of one repository, with those of a push that is not accepted yet."""

    def __init__(self, path: Path, handle: pygit2.Repository, quarantine: Path | None) -> None:
        self.path = path
        self._quarantine = quarantine
        self._use(handle)

    def _use(self, handle: pygit2.Repository) -> None:
        self._repo = handle
        self._objects = open_objects(handle, self._quarantine)
        self._odb = self._objects.odb
        self._common = common_dir(handle)

    def commit_at(self, name: str, oid: str) -> CommitId:
        """Return the commit that a ref names by that object: itself, or what a tag names.

        :raises SourceUnavailable: it is no commit, or not there.
        """
        try:
            kind, _ = self._odb.read_header(pygit2.Oid(hex=oid))
            if kind == ObjectType.COMMIT:
                return CommitId(oid)
            return CommitId(str(self._objects[oid].peel(pygit2.Commit).id))
        except NOT_FOUND:
            raise self._obstacle() or SourceUnavailable(
                UNREADABLE, f"{name} names {oid}, which is not a commit in this repository"
            ) from None

    def facts(self, commit: CommitId) -> CommitFacts:
        """Return the metadata of a commit.

        :raises ObjectMissing: the commit is missing.
        """
        return read_commit_object(commit, self._read_commit(commit))

    def tree_of(self, commit: CommitId) -> ObjectId:
        """Return the root tree of a commit.

        :raises ObjectMissing: the commit is missing.
        """
        return ObjectId(tree_of(self._read_commit(commit)))

    def first_parent(self, commit: CommitId) -> CommitId | None:
        """Return the first parent; None at the root, and where a shallow clone ends.

        :raises ObjectMissing: the commit is gone, or in a whole repository its parent.
        """
        parents = parents_of(self._read_commit(commit))
        if not parents or self.has(parents[0]):
            return parents[0] if parents else None
        if self.is_shallow:
            return None
        # A wrong beginning of the history would be logged permanently.
        raise ObjectMissing(parents[0], self._obstacle())

    def has(self, commit: CommitId) -> bool:
        """Return whether the commit still exists; git drops unreachable ones."""
        try:
            return contains(self._odb, object_id(commit))
        except ValueError:
            return False  # a commit object may contain any id as its parent

    @property
    def is_shallow(self) -> bool:
        """Return whether it is a shallow clone."""
        try:
            return (self._common / "shallow").stat().st_size > 0
        except OSError:
            return False

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Return the best common ancestor; None for unrelated or unreadable histories."""
        try:
            base = self._objects.merge_base(object_id(one), object_id(other))
        except NOT_FOUND:
            there = self.has(one) and self.has(other)
            return merge_base(one, other, self._parents) if there else None
        return CommitId(str(base)) if base else None

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Return whether ``ancestor`` is the commit itself or reachable from it."""
        try:
            return commit == ancestor or self._objects.descendant_of(
                object_id(commit), object_id(ancestor)
            )
        except NOT_FOUND:
            return self.has(commit) and ancestor in ancestry(commit, self._parents)

    def _parents(self, commit: CommitId) -> tuple[CommitId, ...]:
        """Return those parents of a commit that are there."""
        return tuple(filter(self.has, parents_of(self._read_commit(commit))))

    def read_tree(self, tree: ObjectId) -> bytes:
        """Return a tree object's bytes.

        :raises ObjectTooBig: it exceeds :data:`MAX_TREE_BYTES`.
        :raises ObjectMissing: the tree is missing.
        """
        return self._read(tree, MAX_TREE_BYTES)

    def blob_bytes(self, blob: ObjectId) -> int:
        """Return the size of a blob without loading it.

        :raises ObjectMissing: the blob is missing.
        """
        try:
            return self._odb.read_header(object_id(blob))[1]
        except NOT_FOUND:
            raise ObjectMissing(blob, self._obstacle()) from None

    def read_blob(self, blob: ObjectId) -> bytes:
        """Return a blob's bytes. Check its size first: it may be huge.

        :raises ObjectMissing: the blob is missing.
        """
        try:
            return self._odb.read(object_id(blob))[1]
        except NOT_FOUND:
            raise ObjectMissing(blob, self._obstacle()) from None

    def _read_commit(self, commit: CommitId) -> bytes:
        try:
            return self._read(commit, MAX_COMMIT_BYTES)
        except ObjectTooBig:
            # One such commit from any pusher could stop the branch permanently. Its header is
            # enough here, and git's own process holds the rest in memory.
            head = commit_head(Path(self._repo.path), commit, MAX_COMMIT_BYTES, self._quarantine)
            if not head:
                raise
            return head

    def _read(self, oid: str, most: int) -> bytes:
        try:
            key = object_id(oid)
            size = self._odb.read_header(key)[1]
            if size > most:
                raise ObjectTooBig(oid, size)
            return self._odb.read(key)[1]
        except NOT_FOUND:
            raise ObjectMissing(oid, self._obstacle()) from None

    def _obstacle(self, ref: str = "") -> SourceUnavailable | None:
        require_memory(LOOK_UP_BYTES)
        return find_obstacle(self.path, self._common, ref)


def object_id(text: str) -> pygit2.Oid:
    """Return an id in pygit2's form.

    :raises ValueError: it is no id.
    """
    return pygit2.Oid(hex=text)
