"""Changes of resources by the server itself: each call makes one commit, in the order of the calls.

Changes that wait at the same time are made together (:mod:`group_commit`): each is planned on the
one before it and becomes a commit of its own, and the branch is moved once, to the last one.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from events.logged_commits import LoggedCommits
from events.store import EventReader
from events.types import CommitId
from gitmesh.environment import process_environment
from gitmesh.service.changes.draft import Draft, draft
from gitmesh.service.changes.planned_commit import (
    PlannedCommit,
    advance,
    commit_object,
)
from gitmesh.service.changes.resource_change import Mesh, Wanted, change_resources
from gitmesh.service.resources.group_commit import MOST_TOGETHER, Change, GroupCommit, Turn
from gitmesh.service.resources.log_wait import LogWait
from gitmesh.service.resources.written import WrittenResource, written_resource
from mesh.errors import GitmeshError, Retryable, UsageError
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved, Person, begin_branch, remove_dead_lock
from reconciler.known_commits import ReadSteps
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree, Step
from reconciler.remote.mirror import Mirror

MOST_RACES: Final = 20
"""Maximum number of new attempts because somebody pushed at the same time."""
LOGGED_WITHIN_S: Final = 10.0
NO_COMMIT: Final = CommitId("")
"""The tip of a repository in which nothing is committed yet."""


class InvalidChange(Exception):
    """The mesh would be invalid; nothing was changed."""

    def __init__(self, problems: Sequence[Problem], after: SpecTree) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems
        self.after = after
        """The specs that have the problems."""


class NotLoggedYet(Retryable):
    """The commit is made, but the log does not have it yet."""


class ResourceChanges:
    """Makes commits on one branch. Thread-safe: changes are made one after the other."""

    def __init__(
        self,
        repo: Path,
        branch: str | None,
        log: EventReader,
        logged: LoggedCommits,
        *,
        steps: ReadSteps | None = None,
    ) -> None:
        """Make commits on a branch of a repository, which another part of the process logs.

        :param logged: announces the commits that the other part has logged.
        :param steps: where to leave what was read of each commit, for who logs it.
        """
        self._repo = GitRepository.open_later(repo)  # it may be away for a moment
        self._branch = branch
        self._log = LogWait(log, logged)
        self._steps = steps
        self._reader = TreeReader(self._repo)
        self._turn = threading.Lock()
        self._group_commit = GroupCommit()
        self._known: SpecTree = EMPTY
        self._has_joined = False

    @property
    def known(self) -> SpecTree:
        """The specs that were read last."""
        return self._known

    def present(self) -> Mesh:
        """Return the mesh of the branch's tip.

        :raises GitmeshError: the repository cannot be read.
        """
        with self._turn:
            now = self._read(self._tip())
        return Mesh(now.graph, now.listing.settings, now)

    def tip(self) -> CommitId:
        """Return the newest commit of the branch; :data:`NO_COMMIT` if nothing is committed yet.

        :raises GitmeshError: the repository cannot be read.
        """
        with self._turn:
            return self._tip()

    def make(self, change: Change) -> CommitId | None:
        """Commit a change, and wait until the log has it; ``None`` if nothing would change.

        :raises InvalidChange: the mesh would be invalid.
        :raises UsageError: a document has a format that gitmesh cannot edit.
        :raises BranchMoved: others pushed during every attempt.
        :raises NotLoggedYet: the commit is made, but not logged in time.
        :raises GitmeshError: the repository cannot be read or written.
        """
        self._join()
        turn = self._group_commit.run(change, self._make_group)
        if turn.error is not None:
            raise turn.error
        # Who changes nothing may see what a call just before it changed.
        if (commit := turn.made or turn.tip) is not None:
            self._wait(commit)
        return turn.made

    def is_logged(self, commit: CommitId, within_s: float) -> bool:
        """Wait until the log has a commit; return whether it has it in time."""
        return self._log.until_logged(commit, within_s)

    def recover(self, committer: Person) -> Path | None:
        """Remove the branch lock of a killed server, which prevents all moves of the branch.

        :param committer: the committer of that server's commits.
        :return: the file that was removed, if there was one.
        :raises GitmeshError: the repository cannot be read.
        """
        with self._turn:
            return remove_dead_lock(self._repo, self._branch, committer)

    def plan(self, wanted: Callable[[Mesh], Wanted]) -> PlannedCommit:
        """Return the commit that a change would make now; nothing is changed.

        :raises InvalidChange: the mesh would be invalid.
        :raises GitmeshError: as in :meth:`make`.
        """
        with self._turn:
            planned = self._plan(wanted)
        if planned.errors and not planned.unchanged:
            raise InvalidChange(planned.errors, planned.after)
        return planned

    def draft(self, wanted: Callable[[Mesh], Wanted]) -> Draft:
        """Return what a change would do now, valid or not; nothing is written, not even objects.

        :raises UsageError: a document has a form that can only be changed by hand.
        :raises GitmeshError: the repository cannot be read.
        """
        with self._turn:
            return self._draft(wanted)

    def written(self, key: ResourceKey, commit: CommitId | None = None) -> WrittenResource | None:
        """Return a resource as it is written at the tip, or in a commit; None if it is not there.

        :raises GitmeshError: the commit cannot be read.
        """
        with self._turn:
            tip = commit or self._tip()
            tree = (
                self._read(tip)
                if commit is None
                else self._reader.read(self._repo.tree_of(tip), self._known).tree
            )
            return written_resource(self._repo, tip, tree, key)

    def _join(self) -> None:
        """Wait once until the log has the commits of an earlier process.

        Otherwise the retry of a call whose answer was lost would not be recognised.

        :raises NotLoggedYet: the log does not have them in time.
        """
        if not self._has_joined:
            with self._turn:  # which the repository needs, too
                tip = self._tip()
            if tip != NO_COMMIT:
                self._wait(tip)
            self._has_joined = True

    def _make_group(self) -> None:
        """Make the commits of the changes that wait longest, or set the errors of those changes."""
        with self._turn:
            group = self._group_commit.take(1 if self._has_work_trees() else MOST_TOGETHER)
            try:
                self._commit_with_retries(group)
            except BaseException as error:
                for turn in group:
                    turn.made, turn.error = None, error
                if not isinstance(error, Exception):
                    raise
            finally:
                self._group_commit.finish(group)

    def _has_work_trees(self) -> bool:
        """Return whether a work tree may refuse one commit of a group, and take another."""
        try:
            return not self._repo.handle.is_bare or os.path.isdir(self._repo.ref_dir / "worktrees")
        except GitmeshError:
            return True  # Making the first commit says why the repository cannot be read.

    def _commit_with_retries(self, group: list[Turn]) -> None:
        if self._tip() == NO_COMMIT and not self._begin_for_one(group):
            return
        for race in count(1):
            try:
                self._commit(group)
                break
            except BranchMoved:
                if race == MOST_RACES:
                    raise

    def _commit(self, group: list[Turn]) -> None:
        """Make the commits, one on the other, and move the branch to the last one.

        :raises GitmeshError: the branch was not moved, so no commit counts.
        """
        before = tip = self._repo.tip(self._branch)
        now = self._read(tip)
        for turn in group:
            turn.error = turn.made = None
            try:
                turn.tip, planned = tip, self._planned(tip, now, turn.change.wanted)
                if not planned.unchanged:
                    tip = turn.made = self._written(planned, turn, now)
                    now = planned.after
            except Exception as error:  # whatever it is, it is the answer to this change alone
                turn.error = error
        if tip != before:
            first = group[0].change
            advance(
                self._repo, self._branch, before, tip, first.who.committer, command=first.command
            )
            self._known = now
        for turn in group:
            if turn.error is None:
                turn.change.made()

    def _written(self, planned: PlannedCommit, turn: Turn, before: SpecTree) -> CommitId:
        """Write a commit, and leave what was read of it for who logs it.

        :raises InvalidChange: the mesh would be invalid.
        """
        if planned.errors:
            raise InvalidChange(planned.errors, planned.after)
        if not turn.admitted:  # once only, even if somebody pushes meanwhile
            turn.change.admit()
            turn.admitted = True
        made = commit_object(self._repo, planned, turn.change.message, turn.change.who)
        tree = before.listing.tree
        if self._steps is not None and tree is not None and planned.before is before.graph:
            self._steps.put(tree, Step(planned.after, planned.touched), made)
        return made

    def _draft(self, wanted: Callable[[Mesh], Wanted]) -> Draft:
        tip = self._tip()
        now = self._read(tip)
        found = wanted(Mesh(now.graph, now.listing.settings, now))
        return draft(self._repo, tip, now, found)

    def _begin_for_one(self, group: list[Turn]) -> bool:
        """Begin the branch for the first change that may be made; return whether there is one."""
        for turn in group:
            try:
                self._begin(turn.change)
            except Exception as error:  # whatever it is, it is the answer to this change alone
                turn.error = error
            else:
                return True
        return False

    def _begin(self, change: Change) -> None:
        """Begin the branch of an empty repository with a commit without files."""
        found = self._draft(change.wanted)
        if found.errors:
            raise InvalidChange(found.errors, found.after)
        ref = self._repo.following(self._branch)
        if Mirror.of(self._repo, ref, process_environment()) is not None:
            raise UsageError(
                "the branch of the remote repository has no commit yet",
                hint="push a first commit to it, for example a README",
            )
        with contextlib.suppress(BranchMoved):  # by the first push
            begin_branch(
                self._repo,
                ref,
                "Begin the mesh\n",
                author=change.who.author,
                committer=change.who.committer,
            )

    def _tip(self) -> CommitId:
        return NO_COMMIT if self._repo.is_empty() else self._repo.tip(self._branch)

    def _plan(self, wanted: Callable[[Mesh], Wanted]) -> PlannedCommit:
        tip = self._repo.tip(self._branch)
        return self._planned(tip, self._read(tip), wanted)

    def _planned(
        self, tip: CommitId, now: SpecTree, wanted: Callable[[Mesh], Wanted]
    ) -> PlannedCommit:
        found = wanted(Mesh(now.graph, now.listing.settings, now))
        return change_resources(
            self._repo,
            tip,
            found.specs,
            now,
            found.tags,
            self._reader,
            found.texts,
            found.files,
        )

    def _read(self, tip: CommitId) -> SpecTree:
        if tip == NO_COMMIT:
            return EMPTY
        self._known = self._reader.read(self._repo.tree_of(tip), self._known).tree
        return self._known

    def _wait(self, made: CommitId) -> None:
        if not self._log.until_logged(made, LOGGED_WITHIN_S):
            raise NotLoggedYet(
                f"commit {made[:7]} is made, but the log does not have it yet",
                hint=f"look for it: gitmesh status {made[:7]}",
            )
