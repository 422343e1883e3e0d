"""Commits made by gitmesh: objects first, then the branch by compare-and-swap.

Nothing is checked out: only objects and one ref are written. The caller updates work trees that
have the branch checked out.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import pygit2
from pygit2.enums import FileMode

from events.types import CommitId
from mesh.errors import Retryable, UsageError
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectId

_FAILING: Final = (KeyError, ValueError, OSError, pygit2.GitError)


class BranchMoved(Retryable):
    """Another process moved the branch meanwhile."""


@dataclass(frozen=True, slots=True)
class Person:
    """Author or committer."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class FileFrom:
    """A file with the content and mode that it has in another tree."""

    tree: ObjectId
    path: bytes


Contents: TypeAlias = Mapping[bytes, bytes | FileFrom | None]
"""New content by path: bytes, a file of another tree, or None for removal."""


def write_tree(repo: GitRepository, base: ObjectId, contents: Contents) -> ObjectId:
    """Return a tree that differs from ``base`` in these paths; only objects are written.

    :raises Retryable: they cannot be written.
    """
    handle = repo.handle
    try:
        index = pygit2.Index()
        index.read_tree(handle[base].peel(pygit2.Tree))
        for path in sorted(contents, key=lambda path: contents[path] is not None):
            _put(handle, index, path, contents[path])
        return ObjectId(str(index.write_tree(handle)))
    except _FAILING as error:
        raise _cannot_write(repo.path, error) from None


def _put(
    handle: pygit2.Repository, index: pygit2.Index, path: bytes, content: bytes | FileFrom | None
) -> None:
    name = path.decode("utf-8", "surrogateescape")
    if content is None:
        index.remove(name)
        return
    if isinstance(content, FileFrom):
        tree = handle[content.tree].peel(pygit2.Tree)
        entry = tree[content.path.decode("utf-8", "surrogateescape")]
        index.add(pygit2.IndexEntry(name, entry.id, FileMode(entry.filemode)))
        return
    mode = index[name].mode if name in index else FileMode.BLOB
    index.add(pygit2.IndexEntry(name, handle.create_blob(content), mode))


def write_commit(
    repo: GitRepository,
    tree: ObjectId,
    parent: CommitId,
    message: str,
    *,
    author: Person,
    committer: Person,
) -> CommitId:
    """Return a new commit on top of ``parent``; no ref points to it yet.

    :raises Retryable: it cannot be written.
    """
    now = int(time.time())
    wants, makes = signature(author, now), signature(committer, now)
    parents = [pygit2.Oid(hex=parent)]
    try:
        made = repo.handle.create_commit(None, wants, makes, message, pygit2.Oid(hex=tree), parents)
    except _FAILING as error:
        raise _cannot_write(repo.path, error) from None
    if made not in repo.handle:  # libgit2 does not report every failed write.
        raise _cannot_write(repo.path, "the new commit is not there")
    return CommitId(str(made))


def signature(person: Person, now: int) -> pygit2.Signature:
    """Return a person's name, address and time as git writes them into a commit.

    :raises UsageError: git cannot write this name or address.
    """
    try:
        return pygit2.Signature(person.name, person.email, now, 0)
    except _FAILING:
        raise UsageError(
            f"{person.name!r} <{person.email}> is not a valid author of a commit",
            hint='write it like "Ada <ada@shop.example>"',
        ) from None


def move_branch(
    repo: GitRepository, ref: str, before: CommitId, after: CommitId, committer: Person, why: str
) -> None:
    """Move a branch from one commit to the next, with git's own lock and a check of ``before``.

    :raises BranchMoved: the branch is no longer at ``before``.
    """
    handle = repo.handle
    try:
        handle.set_ident(committer.name, committer.email)
        found = handle.references[ref]
        if str(found.target) != before:
            raise _moved(ref)
        found.set_target(pygit2.Oid(hex=after), why)
    except KeyError:
        raise _moved(ref) from None
    except _FAILING as error:
        if _target(handle, ref) != before:
            raise _moved(ref) from None
        raise _cannot_write(repo.path, error) from None


def _target(handle: pygit2.Repository, ref: str) -> str | None:
    try:
        return str(handle.references[ref].target)
    except _FAILING:
        return None


def _moved(ref: str) -> BranchMoved:
    branch = ref.removeprefix("refs/heads/")
    return BranchMoved(
        f"somebody has pushed to {branch} meanwhile: nothing was changed",
        hint="look at the new commits (gitmesh log), then try again",
    )


def _cannot_write(path: Path, why: Exception | str) -> Retryable:
    return Retryable(
        f"cannot write to {path}: {why}",
        hint="run gitmesh as the owner of the repository, and check that the disk has space",
    )
