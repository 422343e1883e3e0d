"""Changes of resources by the server: each API call makes one commit, in the order of the calls."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from events.store import EventReader
from events.types import CommitId
from gitmesh.service.changes.draft import Draft, draft
from gitmesh.service.changes.planned_commit import Authorship, PlannedCommit, commit
from gitmesh.service.changes.resource_change import Mesh, Wanted, change_resources
from gitmesh.service.resources.log_wait import LogWait
from gitmesh.service.resources.written import WrittenResource, written_resource
from mesh.errors import Retryable
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved, Person, begin_branch, remove_dead_lock
from reconciler.read_steps import ReadSteps
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree, Step

MOST_RACES: Final = 20
"""Maximum number of retries after somebody else pushed at the same time."""
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


@dataclass(frozen=True, slots=True)
class Change:
    """A requested change, and the message of its commit."""

    wanted: Callable[[Mesh], Wanted]
    """Function that returns the requested changes for the mesh of the branch's tip; it may raise,
    and then nothing is changed."""
    message: str
    who: Authorship
    admit: Callable[[], None] = lambda: None
    """Called before a commit is made; may raise to change nothing."""
    made: Callable[[], None] = lambda: None
    """Called when the commit is made, or none is needed, before the next change is planned."""


class ResourceChanges:
    """Makes commits on one branch. Thread-safe: changes are made one after the other."""

    def __init__(
        self,
        repo: Path,
        branch: str | None,
        log: EventReader,
        *,
        via: str = "api",
        steps: ReadSteps | None = None,
    ) -> None:
        """Make commits on a branch of a repository, which another part of the process logs.

        :param steps: receives the spec tree of each commit, for the part that logs it.
        """
        self._repo = GitRepository.open_later(repo)  # it may be away for a moment
        self._branch = branch
        self._log = LogWait(log)
        self._steps = steps
        self._reader = TreeReader(self._repo)
        self._via = via
        self._turn = threading.Lock()
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
        with self._turn:
            tip, made = self._commit(change)
        # Who changes nothing may see what a call just before it changed.
        self._wait(made or tip)
        return made

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

    def _commit(self, change: Change) -> tuple[CommitId, CommitId | None]:
        if self._tip() == NO_COMMIT:
            self._begin(change)
        for race in count(1):
            planned = self._plan(change.wanted)
            if planned.unchanged:
                change.made()
                return planned.tip, None
            if planned.errors:
                raise InvalidChange(planned.errors, planned.after)
            change.admit()
            try:
                command = f"gitmesh {self._via}"
                made = commit(
                    self._repo, self._branch, planned, change.message, change.who, command=command
                )
            except BranchMoved:
                if race == MOST_RACES:
                    raise
            else:
                self._hand_over(planned)
                change.made()
                return planned.tip, made
        raise AssertionError  # the loop ends by itself only in the eyes of a type checker

    def _draft(self, wanted: Callable[[Mesh], Wanted]) -> Draft:
        tip = self._tip()
        now = self._read(tip)
        found = wanted(Mesh(now.graph, now.listing.settings, now))
        return draft(self._repo, tip, now, found)

    def _begin(self, change: Change) -> None:
        """Begin the branch of an empty repository with a commit without files."""
        found = self._draft(change.wanted)
        if found.errors:
            raise InvalidChange(found.errors, found.after)
        with contextlib.suppress(BranchMoved):  # by the first push
            begin_branch(
                self._repo,
                self._repo.following(self._branch),
                "Begin the mesh\n",
                author=change.who.author,
                committer=change.who.committer,
            )

    def _tip(self) -> CommitId:
        return NO_COMMIT if self._repo.is_empty() else self._repo.tip(self._branch)

    def _plan(self, wanted: Callable[[Mesh], Wanted]) -> PlannedCommit:
        tip = self._repo.tip(self._branch)
        now = self._read(tip)
        found = wanted(Mesh(now.graph, now.listing.settings, now))
        return change_resources(
            self._repo, tip, found.specs, now, found.tags, self._reader, found.texts
        )

    def _read(self, tip: CommitId) -> SpecTree:
        if tip == NO_COMMIT:
            return EMPTY
        self._known = self._reader.read(self._repo.tree_of(tip), self._known).tree
        return self._known

    def _hand_over(self, planned: PlannedCommit) -> None:
        """Keep the spec tree of a commit, for the next change and for the part that logs it."""
        before, self._known = self._known, planned.after
        tree = before.listing.tree
        if self._steps is not None and tree is not None and planned.before is before.graph:
            self._steps.put(tree, Step(planned.after, planned.touched))

    def _wait(self, made: CommitId) -> None:
        if not self._log.until_logged(made, LOGGED_WITHIN_S):
            raise NotLoggedYet(
                f"commit {made[:7]} is made, but the log does not have it yet",
                hint=f"look for it: gitmesh status {made[:7]}",
            )
