"""The git repository, read through its objects and refs.

Nothing is ever checked out, so a repository's hooks, filters, attributes and links have no effect.
Methods block; call them from one thread at a time.
"""

import os
import shlex
from pathlib import Path
from typing import Final, Self

import pygit2
from pygit2.enums import ObjectType

from events.types import CommitFacts, CommitId
from mesh.errors import Fatal, UsageError
from reconciler.git.ancestry import ancestry, merge_base
from reconciler.git.commit import parents_of, read_commit_object, tree_of
from reconciler.git.handle import (
    common_dir,
    ignore_other_configuration,
    open_handle,
    open_objects,
    require_descriptors,
    require_libgit2,
)
from reconciler.git.large_object import commit_head
from reconciler.git.obstacle import (
    MISSING,
    UNREADABLE,
    find_obstacle,
    find_ref_obstacle,
    unreadable,
)
from reconciler.git.overlay import Overlays
from reconciler.reading.source import ObjectId, ObjectMissing, ObjectTooBig, SourceUnavailable

_BRANCHES: Final = "refs/heads/"
MAX_TREE_BYTES: Final = 16 * 1024 * 1024
MAX_COMMIT_BYTES: Final = 16 * 1024 * 1024

KEPT: Final = "refs/gitmesh/kept"
"""Prefix of refs that keep commits which force pushes removed from the branch, for `verify`."""

_MISSING: Final = (KeyError, ValueError, OSError, pygit2.GitError)


class GitRepository:
    """A bare or non-bare repository on this machine."""

    def __init__(
        self,
        path: Path,
        handle: pygit2.Repository,
        *,
        trust_owner: bool,
        quarantine: Path | None = None,
    ) -> None:
        self.path = path
        self._trust_owner = trust_owner
        self._quarantine = quarantine
        self._use(handle)

    @classmethod
    def open(cls, path: Path, *, trust_owner: bool = False, quarantine: Path | None = None) -> Self:
        """Open the repository at exactly ``path``; parent directories are not searched.

        :param trust_owner: read it even if it belongs to another user.
        :param quarantine: directory with objects of a push that are not part of the repository yet;
            they
            are read, too.
        :raises Fatal: gitmesh cannot read it; the hint says why.
        """
        require_libgit2()
        ignore_other_configuration()
        handle = open_handle(path, trust_owner=trust_owner)
        return cls(path, handle, trust_owner=trust_owner, quarantine=quarantine)

    def _use(self, handle: pygit2.Repository) -> None:
        self._repo = handle
        self._objects = open_objects(handle, self._quarantine)
        self._odb = self._objects.odb
        self._common = common_dir(handle)
        self._overlays = Overlays(self._common)
        self._inode = _inode(Path(handle.path))

    @property
    def handle(self) -> pygit2.Repository:
        """The open pygit2 repository, for the modules that write to it."""
        return self._repo

    @property
    def ref_dir(self) -> Path:
        """The directory with ``refs/``, ``packed-refs`` and, mostly, ``HEAD``."""
        return self._common

    def following(self, branch: str | None = None) -> str:
        """Return the full ref name of a branch; without one, of the branch that HEAD names.

        A detached HEAD is ``HEAD`` itself, which can be followed like a branch.

        :raises UsageError: the branch name is invalid.
        :raises SourceUnavailable: the repository is gone.
        """
        if branch is not None:
            return branch_ref(branch)
        self._reopen_when_replaced()
        try:
            target = self._repo.lookup_reference("HEAD").raw_target
        except _MISSING as error:
            raise self._obstacle() or SourceUnavailable(
                MISSING, f"HEAD cannot be read: {error}"
            ) from None
        return target.decode("utf-8", "replace") if isinstance(target, bytes) else "HEAD"

    def refs_followed(self, branch: str | None = None) -> frozenset[str]:
        """Return the names of all refs whose move moves the branch: the branch, symbolic refs.

        Bytes of a name that are not text are surrogates, as in the input of git hooks.

        :raises UsageError: no branch can have this name.
        """
        name = "HEAD" if branch is None else branch_ref(branch)
        found: list[str] = []
        while name not in found:
            found.append(name)
            try:
                target = self._repo.lookup_reference(name).raw_target
            except _MISSING:
                break
            if isinstance(target, bytes):
                name = target.decode("utf-8", "surrogateescape")
        return frozenset(found)

    def tip(self, branch: str | None = None) -> CommitId:
        """Return the commit of a branch; without one, of the branch that HEAD names.

        Loose and packed refs are the same. A detached HEAD is followed as it is.

        :raises SourceUnavailable: there is no such commit now; keep the previous one.
        """
        self._reopen_when_replaced()
        name = self.following(branch)
        if (obstacle := find_ref_obstacle(self.path, self._common, name)) is not None:
            raise obstacle
        try:
            target = self._repo.lookup_reference(name).resolve().target
        except _MISSING:
            raise self._no_branch(name) from None
        return self.commit_at(name, str(target))

    def commit_at(self, name: str, oid: str) -> CommitId:
        """Return the commit that a ref names by that object: itself, or what a tag names.

        :raises SourceUnavailable: it is no commit, or not there.
        """
        try:
            kind, _ = self._odb.read_header(pygit2.Oid(hex=oid))
            if kind == ObjectType.COMMIT:
                return CommitId(oid)
            return CommitId(str(self._objects[oid].peel(pygit2.Commit).id))
        except _MISSING:
            raise self._obstacle() or SourceUnavailable(
                UNREADABLE, f"{name} names {oid}, which is no commit in this repository"
            ) from None

    def _obstacle(self, ref: str = "") -> SourceUnavailable | None:
        return find_obstacle(self.path, self._common, ref)

    def _no_branch(self, name: str) -> SourceUnavailable:
        # Report whether the name is wrong, the branch deleted, or the repository unreadable.
        if (obstacle := self._obstacle(name)) is not None:
            return obstacle
        short = name.removeprefix(_BRANCHES)
        return SourceUnavailable(
            "branch-missing",
            f"branch {short!r} has no commit",
            hint=f"push one: git push <this repository> HEAD:{name}{self._other_branch(name)}",
        )

    def _head_is_unborn(self) -> bool:
        try:
            return self._repo.head_is_unborn
        except _MISSING:
            return False

    def _other_branch(self, name: str) -> str:
        """Return a hint for following another branch, if there is one: git may have pointed HEAD to
        its own default name."""
        try:
            others = sorted(self._repo.branches.local)
            named_by_head = self._repo.lookup_reference("HEAD").raw_target == name.encode()
        except _MISSING:
            return ""
        if not others:
            return ""
        if not named_by_head:
            return f"; or follow one that is there: --branch {shlex.quote(others[0])}"
        ref = shlex.quote(_BRANCHES + others[0])
        where = shlex.quote(str(self.path))
        return f"; or let HEAD name one that is there: git -C {where} symbolic-ref HEAD {ref}"

    def _reopen_when_replaced(self) -> None:
        # A replaced directory (restored from backup, cloned again) has another inode; the open
        # handle would still use caches of the old one.
        inode = _inode(Path(self._repo.path))
        if inode is not None and inode == self._inode:
            return
        try:
            self._use(open_handle(self.path, trust_owner=self._trust_owner))
        except Fatal as error:
            raise self._obstacle() or SourceUnavailable(
                MISSING, error.message, hint=error.hint
            ) from None
        except OSError as error:
            raise unreadable(self.path, error) from None

    def moved_ns(self, branch: str | None = None) -> int | None:
        """Return when the ref was last written, in wall-clock nanoseconds; None if unknown.

        Known only while the ref is loose, as after every push until git packs it.
        """
        try:
            return (self.ref_dir / self.following(branch)).stat().st_mtime_ns
        except (OSError, ValueError, SourceUnavailable):
            return None

    def resolve(self, revision: str) -> CommitId:
        """Return the commit of a revision: a branch, a tag, an id or its prefix, ``HEAD~2``.

        :raises UsageError: the revision names no commit.
        """
        try:
            return CommitId(str(self._repo.revparse_single(revision).peel(pygit2.Commit).id))
        except pygit2.AmbiguousError:
            raise UsageError(
                f"{revision!r} fits several objects in {self.path}",
                hint="write more of its digits",
            ) from None
        except _MISSING as error:
            require_descriptors(error)
            if revision == "HEAD" and self._head_is_unborn():
                unborn = self._no_branch(self.following())
                raise UsageError(f"{self.path}: {unborn.message}", hint=unborn.hint) from None
            raise UsageError(
                f"{revision!r} names no commit in {self.path}",
                hint="git log shows what there is",
            ) from None

    def facts(self, commit: CommitId) -> CommitFacts:
        """Return the metadata of a commit.

        :raises ObjectMissing: the commit is missing.
        """
        return read_commit_object(commit, self._read_commit(commit))

    def has(self, commit: CommitId) -> bool:
        """Tell whether the commit still exists; git drops unreachable ones."""
        try:
            found = _oid(commit) in self._odb
        except ValueError:
            return False  # a commit object may contain any id as its parent
        if not found:
            require_descriptors()  # libgit2 skips a pack that it cannot open
        return found

    @property
    def is_shallow(self) -> bool:
        """Tell whether it is a shallow clone."""
        try:
            return (self.ref_dir / "shallow").stat().st_size > 0
        except OSError:
            return False

    def shown_otherwise(self) -> list[str]:
        """Return the names of files that make git show another history than the commits."""
        return self._overlays.found()

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

    def keep(self, commit: CommitId) -> bool:
        """Add a ref that keeps an unreachable commit in git; return whether it worked."""
        try:
            self._repo.references.create(f"{KEPT}/{commit}", _oid(commit), force=True)
        except _MISSING:
            return False
        return True

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """Return the best common ancestor; None for unrelated or unreadable histories."""
        try:
            base = self._objects.merge_base(_oid(one), _oid(other))
        except _MISSING:
            there = self.has(one) and self.has(other)
            return merge_base(one, other, self._parents) if there else None
        return CommitId(str(base)) if base else None

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Tell whether ``ancestor`` is the commit itself or reachable from it."""
        try:
            return commit == ancestor or self._objects.descendant_of(_oid(commit), _oid(ancestor))
        except _MISSING:
            return self.has(commit) and ancestor in ancestry(commit, self._parents)

    def _parents(self, commit: CommitId) -> tuple[CommitId, ...]:
        """Return those parents of a commit that are there."""
        return tuple(filter(self.has, parents_of(self._read_commit(commit))))

    def tree_of(self, commit: CommitId) -> ObjectId:
        """Return the root tree of a commit.

        :raises ObjectMissing: the commit is missing.
        """
        return ObjectId(tree_of(self._read_commit(commit)))

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
            return self._odb.read_header(_oid(blob))[1]
        except _MISSING:
            raise ObjectMissing(blob, self._obstacle()) from None

    def read_blob(self, blob: ObjectId) -> bytes:
        """Return a blob's bytes. Check its size first: it may be huge.

        :raises ObjectMissing: the blob is missing.
        """
        try:
            return self._odb.read(_oid(blob))[1]
        except _MISSING:
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
            key = _oid(oid)
            size = self._odb.read_header(key)[1]
            if size > most:
                raise ObjectTooBig(oid, size)
            return self._odb.read(key)[1]
        except _MISSING:
            raise ObjectMissing(oid, self._obstacle()) from None


def branch_ref(branch: str) -> str:
    """Return the full ref name of a branch; a full name is returned unchanged.

    :raises UsageError: the name is invalid.
    """
    whole = branch == "HEAD" or branch.startswith("refs/")
    name = branch if whole else f"refs/heads/{branch}"
    if not pygit2.reference_is_valid_name(name):
        raise UsageError(
            f"{branch!r} cannot be the name of a branch", hint="git branch --all lists those there"
        )
    return name


def _oid(text: str) -> pygit2.Oid:
    return pygit2.Oid(hex=text)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
