"""The objects of a git repository: commits, trees and blobs, and how commits are related.

Reading is limited in size, and ignores files that make git show another history. Methods block;
call them from one thread at a time.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import ObjectType

from events.memory import require_memory
from events.types import CommitFacts, CommitId
from reconciler.git.ancestry import ancestry, merge_base
from reconciler.git.commit import parents_of, read_commit_object, tree_of
from reconciler.git.damage import find_object_damage
from reconciler.git.handle import LOOK_UP_BYTES, contains, open_objects
from reconciler.git.large_object import commit_head
from reconciler.git.loose_object import DamagedObject, LooseObjects, write_loose
from reconciler.git.obstacle import UNREADABLE, find_obstacle
from reconciler.reading.source import ObjectId, ObjectMissing, ObjectTooBig, SourceUnavailable

MAX_TREE_BYTES: Final = 16 * 1024 * 1024
MAX_COMMIT_BYTES: Final = 16 * 1024 * 1024

NOT_FOUND: Final = (KeyError, ValueError, OSError, pygit2.GitError)
"""Errors of pygit2 for objects that do not exist or cannot be read."""
_UNREAD: Final = (*NOT_FOUND, DamagedObject)
_WRITTEN_BYTES: Final = 4 * 1024 * 1024
"""Maximum bytes of written objects that are kept in memory."""
_MOST_TAGS: Final = 10
"""Maximum length of a chain of tags that is followed."""
_MOST_PACKED: Final = 1_000
_MOST_KEPT_BYTES: Final = 64 * 1024
_KINDS: Final = {int(kind): kind.name.lower() for kind in ObjectType}


class ObjectStore:
    """The objects of one repository, including those of a push that is not accepted yet."""

    def __init__(
        self, path: Path, handle: pygit2.Repository, common: Path, quarantine: Path | None
    ) -> None:
        self.path = path
        self._quarantine = quarantine
        self._use(handle, common)

    def _use(self, handle: pygit2.Repository, common: Path) -> None:
        self._repo = handle
        self._objects = open_objects(common, self._quarantine)
        self._odb = self._objects.odb
        self._common = common
        folders = [common / "objects", *([self._quarantine] if self._quarantine else [])]
        self._loose = LooseObjects(folders)
        self._written: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        """Objects that were written last, which are read again most."""
        self._written_bytes = 0
        self._synced = _wants_sync(handle)
        self._whole: set[str] = set()
        """Loose commits that were read and whose loose ancestors were read, too."""
        self._packed: set[str] = set()
        """Some objects that are in packs, and so are not searched among the loose objects again."""
        self._last_commit = ("", b"")
        """The commit that was read last: callers need its parents, metadata and tree in turn."""

    def commit_at(self, name: str, oid: str) -> CommitId:
        """Return the commit of a ref that points to that object: the object itself, or the target
        of a tag.

        :raises SourceUnavailable: the object is not a commit, or does not exist.
        """
        at = oid
        try:
            for _ in range(_MOST_TAGS):
                kind, size = self._header(at)
                if kind == "commit":
                    return CommitId(at)
                content = self._content(at) if size <= MAX_COMMIT_BYTES else b""
                if kind != "tag" or not content:
                    break
                at = content.partition(b"\n")[0].removeprefix(b"object ").decode("ascii")
        except _UNREAD:
            if (reason := self._why_missing(at)) is not None:
                raise reason from None
        raise SourceUnavailable(
            UNREADABLE, f"{name} names {oid}, which is not a commit in this repository"
        )

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

        :raises ObjectMissing: the commit is missing, or its parent in a repository that is not
            shallow.
        """
        parents = parents_of(self._read_commit(commit))
        if not parents or self.has(parents[0]):
            return parents[0] if parents else None
        if self.is_shallow:
            return None
        # A wrong beginning of the history would be logged permanently.
        raise ObjectMissing(parents[0], self._obstacle())

    def has(self, commit: CommitId) -> bool:
        """Return whether the commit still exists; git removes unreachable ones."""
        try:
            return contains(self._odb, object_id(commit))
        except ValueError:
            return False  # a commit object may contain any id as its parent

    @property
    def is_shallow(self) -> bool:
        """Return whether the repository is a shallow clone."""
        try:
            return (self._common / "shallow").stat().st_size > 0
        except OSError:
            return False

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Return the best common ancestor; None for unrelated or unreadable histories.

        :raises ObjectMissing: a commit is damaged.
        """
        self._require_whole(one)
        self._require_whole(other)
        try:
            base = self._objects.merge_base(object_id(one), object_id(other))
        except NOT_FOUND:
            there = self.has(one) and self.has(other)
            return merge_base(one, other, self._parents) if there else None
        return CommitId(str(base)) if base else None

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Return whether ``ancestor`` is the commit itself or reachable from it.

        :raises ObjectMissing: a commit is damaged.
        """
        if commit == ancestor:
            return True
        self._require_whole(commit)
        self._require_whole(ancestor)
        try:
            return self._objects.descendant_of(object_id(commit), object_id(ancestor))
        except NOT_FOUND:
            return self.has(commit) and ancestor in ancestry(commit, self._parents)

    def _parents(self, commit: CommitId) -> tuple[CommitId, ...]:
        """Return those parents of a commit that exist."""
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
            return self._header(blob)[1]
        except _UNREAD:
            raise ObjectMissing(blob, self._why_missing(blob)) from None

    def read_blob(self, blob: ObjectId) -> bytes:
        """Return a blob's bytes. Check its size first: it may be huge.

        :raises ObjectMissing: the blob is missing.
        """
        try:
            return self._content(blob)
        except _UNREAD:
            raise ObjectMissing(blob, self._why_missing(blob)) from None

    def write(self, kind: str, content: bytes) -> ObjectId:
        """Write an object that is in no pack yet; return its id.

        :raises OSError: it cannot be written.
        """
        folder = str(self._common / "objects")
        oid = write_loose(folder, kind, content, synced=self._synced)
        if oid not in self._written:
            self._written[oid] = kind, content
            self._written_bytes += len(content)
        while self._written_bytes > _WRITTEN_BYTES:
            _, (_, dropped) = self._written.popitem(last=False)
            self._written_bytes -= len(dropped)
        return ObjectId(oid)

    def _read_commit(self, commit: CommitId) -> bytes:
        oid, content = self._last_commit
        if oid != commit:
            content = self._read_commit_object(commit)
            if len(content) <= _MOST_KEPT_BYTES:
                self._last_commit = (commit, content)
        return content

    def _read_commit_object(self, commit: CommitId) -> bytes:
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
            if (found := self._read_loose(oid, most)) is not None:
                return found
            _, size = self._packed_header(oid)
            if size > most:
                raise ObjectTooBig(oid, size)
            return self._odb.read(object_id(oid))[1]
        except _UNREAD:
            raise ObjectMissing(oid, self._why_missing(oid)) from None

    def _content(self, oid: str) -> bytes:
        found = self._read_loose(oid)
        return self._odb.read(object_id(oid))[1] if found is None else found

    def _read_loose(self, oid: str, most: int | None = None) -> bytes | None:
        if (written := self._written.get(oid)) is not None:
            return written[1]
        found = None if oid in self._packed else self._loose.read(str(object_id(oid)), most)
        return None if found is None else found[1]

    def _header(self, oid: str) -> tuple[str, int]:
        """Return the kind and the size of an object."""
        if (written := self._written.get(oid)) is not None:
            return written[0], len(written[1])
        found = None if oid in self._packed else self._loose.header(str(object_id(oid)))
        return self._packed_header(oid) if found is None else found

    def _packed_header(self, oid: str) -> tuple[str, int]:
        kind, size = self._odb.read_header(object_id(oid))
        if len(self._packed) >= _MOST_PACKED:
            self._packed.clear()
        self._packed.add(oid)
        return _KINDS[int(kind)], size

    def _require_whole(self, commit: CommitId) -> None:
        """Check that libgit2 can walk from a commit to its ancestors without hanging.

        Ancestors are followed until they are in a pack: loose objects are the newest, and few.

        :raises ObjectMissing: a commit is damaged.
        """
        rest = [commit]
        while rest:
            oid = rest.pop()
            if oid in self._whole or not is_object_id(oid):
                continue
            try:
                header = self._loose.header(oid)
                if header is None or header[0] != "commit" or header[1] > MAX_COMMIT_BYTES:
                    continue
                content = self._content(oid)
            except DamagedObject:
                raise ObjectMissing(oid, self._why_missing(oid)) from None
            except NOT_FOUND:
                continue
            self._whole.add(oid)
            rest += parents_of(content)

    def _why_missing(self, oid: str) -> SourceUnavailable | None:
        """Return the reason why an object cannot be read, unless it simply does not exist."""
        if (obstacle := self._obstacle()) is not None:
            return obstacle
        try:
            known = object_id(oid) in self._odb
        except NOT_FOUND:
            known = False
        return find_object_damage(self._common, oid, known=known)

    def _obstacle(self, ref: str = "") -> SourceUnavailable | None:
        require_memory(LOOK_UP_BYTES)
        return find_obstacle(self.path, self._common, ref)


def object_id(text: str) -> pygit2.Oid:
    """Return an id in pygit2's form.

    :raises ValueError: the text is not an id.
    """
    return pygit2.Oid(hex=text)


def _wants_sync(handle: pygit2.Repository) -> bool:
    """Tell whether the repository's configuration wants each object to be forced to disk."""
    try:
        return handle.config.get_bool("core.fsyncObjectFiles")
    except NOT_FOUND:
        return False


def is_object_id(text: str) -> bool:
    """Return whether a text is an object id; a commit object may contain any text as its parent."""
    return len(text) == 40 and not set(text) - set("0123456789abcdef")
