"""The git repository: its branches, read over :mod:`reconciler.git.object_store`.

Nothing is ever checked out, so a repository's hooks, filters, attributes and links have no effect.
Methods block; call them from one thread at a time.
"""

import os
import re
import shlex
from pathlib import Path
from typing import Final, Self

import pygit2

from events.types import CommitId
from mesh.errors import Fatal, UsageError
from reconciler.git.damage import BRANCH_MISSING, OBJECT_DAMAGED, find_ref_damage
from reconciler.git.handle import (
    common_dir,
    ignore_other_configuration,
    open_handle,
    require_libgit2,
    require_resources,
)
from reconciler.git.object_store import NOT_FOUND, ObjectStore, is_object_id, object_id
from reconciler.git.obstacle import MISSING, find_ref_obstacle, unreadable
from reconciler.git.overlay import Overlays
from reconciler.reading.source import SourceUnavailable

_BRANCHES: Final = "refs/heads/"
_IMPOSSIBLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: git-check-ref-format(1) allows none of them."""
_PLAIN_ID: Final = re.compile(rb"([0-9a-f]{40})\n?")
_AFTER_NAME: Final = re.compile(r"[~^@:]")
"""Characters that may follow a commit's name in a revision: ``main~2``, ``main^``."""

KEPT: Final = "refs/gitmesh/kept"
"""Prefix of refs that keep commits for ``gitmesh verify`` after a force push removed them from the
branch."""


class GitRepository(ObjectStore):
    """A bare or non-bare repository on this machine: its branches and its objects."""

    def __init__(
        self,
        path: Path,
        handle: pygit2.Repository,
        common: Path,
        *,
        trust_owner: bool = False,
        quarantine: Path | None = None,
    ) -> None:
        super().__init__(path, handle, common, quarantine)
        self._trust_owner = trust_owner

    @classmethod
    def open(cls, path: Path, *, trust_owner: bool = False, quarantine: Path | None = None) -> Self:
        """Open the repository at exactly ``path``; parent directories are not searched.

        :param trust_owner: open the repository even if it belongs to another user.
        :param quarantine: directory with objects of a push that are not part of the repository yet;
            they are read, too.
        :raises Fatal: gitmesh cannot read the repository; the hint says why.
        """
        require_libgit2()
        ignore_other_configuration()
        handle = open_handle(path, trust_owner=trust_owner)
        common = common_dir(handle)
        return cls(path, handle, common, trust_owner=trust_owner, quarantine=quarantine)

    @classmethod
    def open_later(cls, path: Path) -> Self:
        """Open the repository at ``path``, or later if it cannot be opened now.

        Until then it has no branch, and its errors say why.

        :raises Fatal: libgit2 is too old.
        """
        require_libgit2()
        try:
            return cls.open(path)
        except Fatal:
            dot_git = path / ".git"
            return cls(path, pygit2.Repository(), dot_git if dot_git.is_dir() else path)

    def _use(self, handle: pygit2.Repository, common: Path) -> None:
        super()._use(handle, common)
        self._overlays = Overlays(common)
        self._inode = _inode_of(handle)

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

        For a detached HEAD, the result is ``HEAD``, which can be followed like a branch.

        :raises UsageError: the branch name is invalid.
        :raises SourceUnavailable: the repository is gone.
        """
        if branch is not None:
            return branch_ref(branch)
        self._reopen_when_replaced()
        try:
            target = self._repo.lookup_reference("HEAD").raw_target
        except NOT_FOUND as error:
            raise self._why_no_ref("HEAD") or SourceUnavailable(
                MISSING, f"HEAD cannot be read: {error}"
            ) from None
        return target.decode("utf-8", "replace") if isinstance(target, bytes) else "HEAD"

    def refs_followed(self, branch: str | None = None) -> frozenset[str]:
        """Return the names of all refs that determine the branch's commit: the branch, and symbolic
        refs to it.

        Bytes that are not text become surrogates in the names, as in the input of git hooks.

        :raises UsageError: no branch can have this name.
        """
        name = "HEAD" if branch is None else branch_ref(branch)
        found: list[str] = []
        while name not in found:
            found.append(name)
            try:
                target = self._repo.lookup_reference(name).raw_target
            except NOT_FOUND:
                break
            if isinstance(target, bytes):
                name = target.decode("utf-8", "surrogateescape")
        return frozenset(found)

    def is_empty(self) -> bool:
        """Return whether the repository has no branch and no tag yet, so that nothing is committed.

        :raises SourceUnavailable: the repository is gone.
        """
        self.following()
        return next(iter(self._repo.references), None) is None

    def tip(self, branch: str | None = None) -> CommitId:
        """Return the commit of a branch; without one, of the branch that HEAD names.

        Loose and packed refs are read alike. A detached HEAD counts as a branch.

        :raises SourceUnavailable: there is no such commit now; keep the previous one.
        """
        self._reopen_when_replaced()
        name = self.following(branch)
        if (found := self._in_its_file(name)) is not None:
            return self.commit_at(name, found)
        if (obstacle := find_ref_obstacle(self.path, self._common, name)) is not None:
            raise obstacle
        try:
            target = self._repo.lookup_reference(name).resolve().target
        except NOT_FOUND:
            raise self._no_branch(name) from None
        return self.commit_at(name, str(target))

    def _in_its_file(self, ref: str) -> str | None:
        """Return the id in the file of a branch; None if it has none, or not a plain id in it."""
        if not ref.startswith(_BRANCHES):
            return None  # each work tree may have its own
        try:
            with open(f"{self._common}/{ref}", "rb", buffering=0) as file:
                found = _PLAIN_ID.fullmatch(file.read(64))
        except (OSError, ValueError):
            return None
        return None if found is None else found[1].decode()

    def _why_no_ref(self, name: str) -> SourceUnavailable | None:
        """Return the reason why a ref cannot be read, unless it simply does not exist."""
        if (obstacle := self._obstacle(name)) is not None:
            return obstacle
        own = name == "HEAD" and self._repo.path is not None  # each work tree has a HEAD
        return find_ref_damage(self.path, Path(self._repo.path) if own else self._common, name)

    def _no_branch(self, name: str) -> SourceUnavailable:
        # Report whether the name is wrong, the branch deleted, or the repository unreadable.
        if (reason := self._why_no_ref(name)) is not None:
            return reason
        short = name.removeprefix(_BRANCHES)
        return SourceUnavailable(
            BRANCH_MISSING,
            f"branch {short!r} has no commit",
            hint=f"push one: git push <this repository> HEAD:{name}{self._other_branch(name)}",
        )

    def _head_is_unborn(self) -> bool:
        try:
            return self._repo.head_is_unborn
        except NOT_FOUND:
            return False

    def _other_branch(self, name: str) -> str:
        """Return a hint for following another branch, if there is one: git may have pointed HEAD to
        its own default name."""
        try:
            others = sorted(self._repo.branches.local)
            named_by_head = self._repo.lookup_reference("HEAD").raw_target == name.encode()
        except NOT_FOUND:
            return ""
        if not others:
            return ""
        if not named_by_head:
            return f"; or follow one that exists: --branch {shlex.quote(others[0])}"
        ref = shlex.quote(_BRANCHES + others[0])
        where = shlex.quote(str(self.path))
        return f"; or let HEAD name one that exists: git -C {where} symbolic-ref HEAD {ref}"

    def _reopen_when_replaced(self) -> None:
        # A replaced directory (restored from backup, cloned again) has another inode; the open
        # handle would still use caches of the old one.
        inode = _inode_of(self._repo)
        if inode is not None and inode == self._inode:
            return
        try:
            handle = open_handle(self.path, trust_owner=self._trust_owner)
            self._use(handle, common_dir(handle))
        except Fatal as error:
            raise self._obstacle() or SourceUnavailable(
                MISSING, error.message, hint=error.hint
            ) from None
        except OSError as error:
            raise unreadable(self.path, error) from None

    def moved_ns(self, branch: str | None = None) -> int | None:
        """Return the time when the ref was last written, in wall-clock nanoseconds; None if
        unknown.

        The time is known only while the ref is loose: after a push, until git packs its refs.
        """
        try:
            return (self.ref_dir / self.following(branch)).stat().st_mtime_ns
        except (OSError, ValueError, SourceUnavailable):
            return None

    def resolve(self, revision: str) -> CommitId:
        """Return the commit of a revision: a branch, a tag, an id or its prefix, ``HEAD~2``.

        :raises UsageError: the revision names no commit.
        :raises SourceUnavailable: the ref or the commit is damaged.
        """
        if not _IMPOSSIBLE.search(revision):
            return self._resolved(revision)
        raise UsageError(
            f"{revision!r} names no commit: git does not allow these characters in names",
            hint="list the commits with git log",
        )

    def _resolved(self, revision: str) -> CommitId:
        self._require_readable(revision)
        try:
            return CommitId(str(self._repo.revparse_single(revision).peel(pygit2.Commit).id))
        except pygit2.AmbiguousError:
            raise UsageError(
                f"{revision!r} matches several objects in {self.path}",
                hint="give more of its digits",
            ) from None
        except NOT_FOUND as error:
            require_resources(error)
            if (damage := self._damage_of(revision)) is not None:
                raise damage from None
            if revision == "HEAD" and self._head_is_unborn():
                unborn = self._no_branch(self.following())
                raise UsageError(f"{self.path}: {unborn.message}", hint=unborn.hint) from None
            raise UsageError(
                f"{revision!r} names no commit in {self.path}",
                hint="list the commits with git log",
            ) from None

    def _require_readable(self, revision: str) -> None:
        """Check that libgit2 can read the commit at the start of a revision: ``main`` of
        ``main~2``.

        :raises SourceUnavailable: that commit is damaged.
        """
        base = _AFTER_NAME.split(revision)[0]
        try:
            target = base
            if not is_object_id(base):
                target = str(self._repo.lookup_reference_dwim(base).resolve().target)
            commit = self.commit_at(base, target)
        except NOT_FOUND:
            return  # no name of a commit
        except SourceUnavailable as error:
            if error.reason == OBJECT_DAMAGED:
                raise
            return
        self._require_whole(commit)

    def _damage_of(self, revision: str) -> SourceUnavailable | None:
        """Return the damaged file that a revision refers to; None if no file is damaged."""
        try:
            name = self.following() if revision == "HEAD" else branch_ref(revision)
        except SourceUnavailable as error:
            return error
        except UsageError:
            return None  # more than a name
        damage = find_ref_damage(self.path, self._common, name)
        if damage is not None:
            return damage
        try:
            target = str(self._repo.lookup_reference(name).resolve().target)
        except NOT_FOUND:
            return None
        return self._why_missing(target)

    def shown_otherwise(self) -> list[str]:
        """Return the names of files that make git show another history than the commits have."""
        return self._overlays.found()

    def keep(self, commit: CommitId) -> bool:
        """Add a ref so that git does not remove an unreachable commit; return whether it worked."""
        try:
            self._repo.references.create(f"{KEPT}/{commit}", object_id(commit), force=True)
        except NOT_FOUND:
            return False
        return True


def branch_ref(branch: str) -> str:
    """Return the full ref name of a branch; a full name is returned unchanged.

    :raises UsageError: the name is invalid.
    """
    whole = branch == "HEAD" or branch.startswith("refs/")
    name = branch if whole else f"refs/heads/{branch}"
    if not pygit2.reference_is_valid_name(name):
        raise UsageError(
            f"{branch!r} cannot be the name of a branch",
            hint="list the branches with git branch --all",
        )
    return name


def _inode_of(handle: pygit2.Repository) -> tuple[int, int] | None:
    try:
        found = os.stat(handle.path)
    except (OSError, TypeError):  # it is gone, or was never there: its path is None
        return None
    return found.st_dev, found.st_ino
