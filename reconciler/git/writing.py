"""Commits made by gitmesh: objects first, then the branch by compare-and-swap.

Nothing is checked out: only objects and one ref are written. The caller updates work trees that
have the branch checked out.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import pygit2
from pygit2.enums import FileMode

from events.types import CommitId
from mesh.errors import Retryable, UsageError
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectId
from reconciler.reading.tree_object import SUBMODULE, find

_FAILING: Final = (KeyError, ValueError, OSError, pygit2.GitError)
_ID: Final = 20
"""Bytes of an id in a tree."""

DEAD_AFTER_S: Final = 1.0
"""Time after which an unchanged lock file is stale: running git processes never keep one for so
long."""


class BranchMoved(Retryable):
    """Another process moved the branch at the same time."""


@dataclass(frozen=True, slots=True)
class Person:
    """Author or committer."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class FileFrom:
    """Content of a file: its content and mode in another tree."""

    tree: ObjectId
    path: bytes


Contents: TypeAlias = Mapping[bytes, bytes | FileFrom | None]
"""New content by path: bytes, a file of another tree, or None for removal."""


def write_tree(repo: GitRepository, base: ObjectId, contents: Contents) -> ObjectId:
    """Return a tree that differs from ``base`` in these paths; only objects are written.

    A folder that becomes empty is removed, too. Only the folders of these files are read and
    written, so the cost is proportional to the change.

    :raises Retryable: the objects cannot be written now.
    """
    handle = repo.handle
    try:
        if all(map(_is_text, contents)):
            folders = _folders(contents)
            if (made := _with_content(repo, base, folders)) is not None:
                return made
            tree = handle[base].peel(pygit2.Tree)
            return ObjectId(str(_builder(handle, tree, folders).write()))
        return ObjectId(str(_write_by_index(handle, handle[base].peel(pygit2.Tree), contents)))
    except _FAILING as error:
        raise _cannot_write(repo.path, error) from None


@dataclass(slots=True)
class _Folder:
    """Changes in one folder, by name."""

    files: dict[str, bytes | FileFrom | None] = field(default_factory=dict)
    folders: "dict[str, _Folder]" = field(default_factory=dict)


def _folders(contents: Contents) -> _Folder:
    root = _Folder()
    for path, content in contents.items():
        *above, name = path.decode().split("/")
        at = root
        for folder in above:
            at = at.folders.setdefault(folder, _Folder())
        at.files[name] = content
    return root


def _with_content(repo: GitRepository, base: ObjectId, changes: _Folder) -> ObjectId | None:
    """Return a tree in which files that it has have other content; None if more would change.

    This is what nearly all changes are, and costs a fraction of what libgit2 does for them.
    """
    raw = repo.read_tree(base)
    ids = dict[int, ObjectId]()
    for name, folder in changes.folders.items():
        found = find(raw, name.encode() + b"/")
        inside = None if found is None else ObjectId(raw[found[1] : found[1] + _ID].hex())
        made = None if inside is None else _with_content(repo, inside, folder)
        if found is None or made is None:
            return None
        ids[found[1]] = made
    for name, content in changes.files.items():
        found = find(raw, name.encode())
        if found is None or found[0] == SUBMODULE or not isinstance(content, bytes):
            return None
        ids[found[1]] = repo.write("blob", content)
    changed = bytearray(raw)
    for at, oid in ids.items():
        changed[at : at + _ID] = bytes.fromhex(oid)
    return repo.write("tree", bytes(changed))


def _builder(
    handle: pygit2.Repository, old: pygit2.Tree | None, changes: _Folder
) -> pygit2.TreeBuilder:
    """Return the tree builder of a changed folder, after its files and subfolders are written."""
    builder = handle.TreeBuilder() if old is None else handle.TreeBuilder(old)
    for name, content in changes.files.items():
        if content is None:
            _require_file(old, name)
            builder.remove(name)
    for name, folder in changes.folders.items():
        before = builder.get(name)
        inside = _builder(handle, before if isinstance(before, pygit2.Tree) else None, folder)
        if len(inside):
            builder.insert(name, inside.write(), FileMode.TREE)
        elif isinstance(before, pygit2.Tree):
            builder.remove(name)
    for name, content in changes.files.items():
        if content is not None:
            mode = None if old is None or name not in old else old[name].filemode
            builder.insert(name, *_blob(handle, content, mode))
    return builder


def _require_file(old: pygit2.Tree | None, name: str) -> None:
    if old is None or old[name].filemode == FileMode.TREE:
        raise KeyError(name)


def _blob(
    handle: pygit2.Repository, content: bytes | FileFrom, mode: FileMode | int | None
) -> tuple[pygit2.Oid, FileMode]:
    """Return the object and the mode of a file; an existing file keeps its mode."""
    if isinstance(content, FileFrom):
        entry = handle[content.tree].peel(pygit2.Tree)[_text(content.path)]
        return entry.id, FileMode(entry.filemode)
    kept = FileMode.BLOB if mode is None or mode == FileMode.TREE else FileMode(mode)
    return handle.create_blob(content), kept


def _write_by_index(handle: pygit2.Repository, tree: pygit2.Tree, contents: Contents) -> pygit2.Oid:
    """Write the tree by a git index instead: only this way can write names that are not UTF-8."""
    index = pygit2.Index()
    index.read_tree(tree)
    for path in sorted(contents, key=lambda path: contents[path] is not None):
        name, content = _text(path), contents[path]
        if content is None:
            index.remove(name)
        else:
            mode = index[name].mode if name in index else None
            index.add(pygit2.IndexEntry(name, *_blob(handle, content, mode)))
    return index.write_tree(handle)


def _is_text(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def write_commit(
    repo: GitRepository,
    tree: ObjectId,
    parent: CommitId | None,
    message: str,
    *,
    author: Person,
    committer: Person,
) -> CommitId:
    """Return a new commit on top of ``parent``, or without a parent; no ref points to it yet.

    :raises Retryable: the commit cannot be written now.
    """
    now = int(time.time())
    wants, makes = signature(author, now), signature(committer, now)
    head = f"tree {tree}\n".encode() + (b"" if parent is None else f"parent {parent}\n".encode())
    people = b"author %s\ncommitter %s\n" % (_line(wants), _line(makes))
    try:
        text = message.partition("\0")[0].encode()  # where a message ends for git
        return CommitId(repo.write("commit", head + people + b"\n" + text))
    except _FAILING as error:
        raise _cannot_write(repo.path, error) from None


def _line(person: pygit2.Signature) -> bytes:
    """Return a signature as a commit holds it; the time is UTC."""
    return b"%s <%s> %d +0000" % (person.raw_name, person.raw_email, person.time)


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
    """Move a branch from commit ``before`` to ``after``, under git's own lock.

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


def begin_branch(
    repo: GitRepository, ref: str, message: str, *, author: Person, committer: Person
) -> CommitId:
    """Make the first commit of a branch that does not exist yet; it has no files.

    :raises BranchMoved: the branch exists meanwhile.
    :raises Retryable: it cannot be written.
    """
    try:
        tree = repo.write("tree", b"")
        made = write_commit(repo, tree, None, message, author=author, committer=committer)
        repo.handle.references.create(ref, pygit2.Oid(hex=made))
    except _FAILING as error:
        if _target(repo.handle, ref) is not None:
            raise _moved(ref) from None
        raise _cannot_write(repo.path, error) from None
    return made


def remove_dead_lock(repo: GitRepository, branch: str | None, committer: Person) -> Path | None:
    """Remove the lock of a branch that a killed server has left; return its path.

    While the lock is there, nobody can move the branch. The lock is stale if it does not change for
    a second, and is empty or names a commit of this committer. Call this only while no other server
    of this repository runs.

    :raises SourceUnavailable: the branch cannot be read now.
    """
    lock = repo.ref_dir / f"{repo.following(branch)}.lock"
    found = _lock_content(lock)
    if found is None:
        return None
    time.sleep(DEAD_AFTER_S)
    if _lock_content(lock) != found or not _is_ours(repo.handle, found[0], committer):
        return None
    lock.unlink(missing_ok=True)
    return lock


def _lock_content(lock: Path) -> tuple[bytes, int, int] | None:
    try:
        found = lock.stat()
        return lock.read_bytes(), found.st_ino, found.st_mtime_ns
    except OSError:
        return None


def _is_ours(handle: pygit2.Repository, content: bytes, committer: Person) -> bool:
    if not content:
        return True
    try:
        made = handle[content.decode("ascii").strip()].peel(pygit2.Commit).committer
    except _FAILING:
        return False
    return (made.name, made.email) == (committer.name, committer.email)


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
