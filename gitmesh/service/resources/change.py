"""Changes of resources by a server's own hand: each call one commit, in the order of the calls."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from events.store import EventReader
from events.types import CommitId
from gitmesh.service.changes.planned_commit import Authorship, PlannedCommit, commit
from gitmesh.service.changes.resource_change import Mesh, Wanted, change_resources
from mesh.errors import Retryable
from mesh.problems.problem import Problem
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import EMPTY, SpecTree

MOST_RACES: Final = 20
"""Maximum number of new attempts because somebody pushed at the same time."""
LOGGED_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.002


class InvalidChange(Exception):
    """The mesh would be invalid; nothing was changed."""

    def __init__(self, problems: Sequence[Problem], after: SpecTree) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems
        self.after = after
        """The specs that have them."""


class NotLoggedYet(Retryable):
    """The commit is made, but the log does not have it yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """A requested change, and the message of its commit."""

    wanted: Callable[[Mesh], Wanted]
    """Returns what is to change in the mesh of the branch's tip; may raise to change nothing."""
    message: str
    who: Authorship
    made: Callable[[], None] = lambda: None
    """Called when the commit is made, before the next change is planned."""


class ResourceChanges:
    """Makes commits on one branch. Safe to use from several threads: they take turns."""

    def __init__(
        self, repo: Path, branch: str | None, log: EventReader, *, via: str = "api"
    ) -> None:
        self._repo = GitRepository.open_later(repo)  # it may be away for a moment
        self._branch = branch
        self._log = log
        self._via = via
        self._turn = threading.Lock()
        self._known: SpecTree = EMPTY

    @property
    def known(self) -> SpecTree:
        """The specs that were read last."""
        return self._known

    def present(self) -> Mesh:
        """Return the mesh of the branch's tip.

        :raises GitmeshError: the repository cannot be read.
        """
        with self._turn:
            now = self._read(self._repo.tip(self._branch))
        return Mesh(now.graph, now.listing.settings)

    def make(self, change: Change) -> CommitId | None:
        """Commit a change, and wait until the log has it; ``None`` if nothing would change.

        :raises InvalidChange: the mesh would be invalid.
        :raises UsageError: a document has a form that can only be changed by hand.
        :raises BranchMoved: others pushed all the time.
        :raises NotLoggedYet: the commit is made; look for it later.
        :raises GitmeshError: the repository cannot be read or written.
        """
        with self._turn:
            tip, made = self._commit(change)
        # Who changes nothing may see what a call just before it changed.
        self._wait(made or tip)
        return made

    def plan(self, wanted: Callable[[Mesh], Wanted]) -> PlannedCommit:
        """Return the commit that a change would make now; nothing is changed.

        :raises InvalidChange: the mesh would be invalid.
        :raises GitmeshError: as :meth:`make`.
        """
        with self._turn:
            planned = self._plan(wanted)
        if planned.errors and not planned.unchanged:
            raise InvalidChange(planned.errors, planned.after)
        return planned

    def _commit(self, change: Change) -> tuple[CommitId, CommitId | None]:
        for race in count(1):
            planned = self._plan(change.wanted)
            if planned.unchanged:
                return planned.tip, None
            if planned.errors:
                raise InvalidChange(planned.errors, planned.after)
            try:
                command = f"gitmesh {self._via}"
                made = commit(
                    self._repo, self._branch, planned, change.message, change.who, command=command
                )
            except BranchMoved:
                if race == MOST_RACES:
                    raise
            else:
                self._known = planned.after
                change.made()
                return planned.tip, made
        raise AssertionError  # the loop ends by itself only in the eyes of a type checker

    def _plan(self, wanted: Callable[[Mesh], Wanted]) -> PlannedCommit:
        tip = self._repo.tip(self._branch)
        now = self._read(tip)
        found = wanted(Mesh(now.graph, now.listing.settings))
        return change_resources(self._repo, tip, found.specs, now, found.tags)

    def _read(self, tip: CommitId) -> SpecTree:
        self._known = TreeReader(self._repo).read(self._repo.tree_of(tip), self._known).tree
        return self._known

    def _wait(self, made: CommitId) -> None:
        deadline = time.monotonic() + LOGGED_WITHIN_S
        while not self._log.is_logged(made):
            if time.monotonic() >= deadline:
                raise NotLoggedYet(
                    f"commit {made[:7]} is made, but the log does not have it yet",
                    hint=f"look for it: gitmesh status {made[:7]}",
                )
            time.sleep(_LOOK_EVERY_S)
