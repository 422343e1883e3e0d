"""Storage of signed checkpoints: ``refs/gitmesh/checkpoints`` in the followed repository.

Each checkpoint is a commit on top of the previous one, with a file per chain. Whoever fetches the
ref has a copy that nobody can change afterwards. The content is untrusted until a signature is
checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pygit2
from pygit2.enums import FileMode, ObjectType

from mesh.errors import Retryable
from reconciler.git.commit import parents_of
from reconciler.git.repository import GitRepository

REF: Final = "refs/gitmesh/checkpoints"
_MOST_BYTES: Final = 16 * 1024
_READING: Final = (KeyError, ValueError, OSError, pygit2.GitError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Filed:
    """One commit of the ref."""

    commit: str
    notes: Mapping[str, str]
    """Text of each file, by name; files that cannot be notes are left out."""


class CheckpointRef:
    """The checkpoint ref of one repository. Methods block; use it from one thread at a time."""

    def __init__(self, repo: GitRepository) -> None:
        self._repo = repo.handle

    def latest(self) -> Filed | None:
        """Return the newest checkpoint, if there is one."""
        return next(self.newest_first(), None)

    def newest_first(self) -> Iterator[Filed]:
        """Yield every checkpoint along first parents, newest first; none if there is no ref."""
        try:
            target: pygit2.Oid | str | None = self._repo.references[REF].target
        except _READING:
            return
        while target is not None:
            try:
                commit = self._repo[target].peel(pygit2.Commit)
            except _READING:
                return
            yield Filed(str(commit.id), self._notes(commit.tree))
            # Take the parents from the object: libgit2 would use a file named "shallow" instead.
            parents = parents_of(commit.read_raw())
            target = parents[0] if parents else None

    def _notes(self, tree: pygit2.Tree) -> dict[str, str]:
        notes = {}
        for entry in tree:
            try:
                kind, size = self._repo.odb.read_header(entry.id)
                if kind == ObjectType.BLOB and entry.name and size <= _MOST_BYTES:
                    notes[entry.name] = self._repo.odb.read(entry.id)[1].decode()
            except _READING:
                continue
        return notes

    def add(self, notes: Mapping[str, str], after: Filed | None, message: str) -> Filed:
        """Commit a new checkpoint to the ref; its parent is ``after``, the newest one so far.

        :raises Retryable: the ref has moved meanwhile, or nothing can be written now.
        """
        try:
            builder = self._repo.TreeBuilder()
            for name, text in notes.items():
                builder.insert(name, self._repo.create_blob(text.encode()), FileMode.BLOB)
            who = pygit2.Signature("gitmesh", "gitmesh@localhost")
            parents = [pygit2.Oid(hex=after.commit)] if after else []
            made = self._repo.create_commit(REF, who, who, message, builder.write(), parents)
        except _READING as error:
            raise Retryable(
                f"no checkpoint can be written to {REF}: {error}",
                hint=(
                    "check that the repository is writable, and that no other process signs there"
                ),
            ) from None
        return Filed(str(made), dict(notes))
