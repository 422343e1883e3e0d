"""Commits whose specs another part of the process has read already, so that they are read once and
logged together.

A write through the API reads its commit's tree before the commit is made, to check it. The follower
would read the same tree again, from the same previous tree, with the same result. A commit that
must be read is logged alone, because reading it may end the process.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from events.state import MeshState, apply_all
from events.store import EventReader
from events.types import CommitApplied, CommitId, MeshEvent, Seq
from reconciler.git.repository import GitRepository
from reconciler.plan import ReadSpecs, derive_step
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import SpecTree, Step

_MOST: Final = 64
"""Maximum number of steps that are kept. Each refers to a whole tree, most of which they share."""


class ReadSteps:
    """Steps from one git tree to the next, each of which is taken once. Thread-safe."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._steps: OrderedDict[tuple[ObjectId, ObjectId], Step] = OrderedDict()
        self._commits: OrderedDict[CommitId, None] = OrderedDict()

    def put(self, before: ObjectId, step: Step, commit: CommitId) -> None:
        """Keep a step from the git tree ``before``; the oldest is dropped if there are too many.

        A tree that could not be read is not kept.

        :param commit: the commit of that tree, which this process has made.
        """
        after = step.tree.listing.tree
        if after is None or step.tree.faults:
            return
        with self._turn:
            self._steps[before, after] = step
            self._commits[commit] = None
            while len(self._steps) > _MOST:
                self._steps.popitem(last=False)
            while len(self._commits) > _MOST:
                self._commits.popitem(last=False)

    def made(self, commit: CommitId) -> bool:
        """Return whether this process has made a commit, so that its step may be here."""
        return commit in self._commits

    def take(self, base: SpecTree, root: ObjectId) -> Step | None:
        """Return the step from ``base`` to the git tree ``root``, if there is one, and drop it."""
        if base.faults or base.listing.tree is None:
            return None
        with self._turn:
            return self._steps.pop((base.listing.tree, root), None)


class KnownCommits:
    """Events of consecutive commits that are appended to the log together."""

    def __init__(
        self,
        repo: GitRepository,
        log: EventReader,
        steps: ReadSteps,
        state: MeshState,
        read: ReadSpecs,
    ) -> None:
        """Start without a commit.

        :param steps: the steps that other parts of the process have read.
        :param state: the mesh after the last commit in the log.
        :param read: the specs of that commit.
        """
        self._repo = repo
        self._log = log
        self._steps = steps
        self.state = state
        """The mesh after all of them."""
        self.read = read
        """The specs of the last of them."""
        self.events: list[MeshEvent] = []
        self.commits: list[CommitId] = []
        self._trees: dict[str, CommitId] = {}

    def add(self, commit: CommitId) -> bool:
        """Add the next commit if its specs are known; return whether they are.

        :raises SourceUnavailable: the commit's metadata cannot be read.
        """
        if not self._steps.made(commit):
            return False  # without reading anything of it
        facts = self._repo.facts(commit)
        step = self._steps.take(self.read.tree, ObjectId(facts.tree))
        if step is None:
            return False
        restores = self._trees.get(facts.tree) or self._log.commit_of_tree(facts.tree)
        decided, self.read = derive_step(step, self.read, self.state, facts, restores)
        self.state = after_events(self.state, decided)
        self.events += decided
        self.commits.append(commit)
        if isinstance(decided[0], CommitApplied):
            self._trees[facts.tree] = commit
        return True


def after_events(state: MeshState, events: Sequence[MeshEvent]) -> MeshState:
    """Return the state after the events that follow it in the log."""
    return apply_all(state, ((Seq(state.seq + at), event) for at, event in enumerate(events, 1)))
