"""Append the branch's commits to the log, one by one. Blocking: run it in a worker thread."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.logged_commits import LoggedCommits
from events.memory import OUT_OF_MEMORY, require_reserve
from events.publication import Publication
from events.state import MeshState
from events.store import EventStore, LogMoved
from events.types import (
    Chain,
    CommitId,
    HistoryRewritten,
    MeshEvent,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    TrafficShifted,
)
from mesh.errors import Fatal
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.attempt import HELD_BACK, Attempts
from reconciler.git.repository import GitRepository
from reconciler.history import Way, way
from reconciler.known_commits import KnownCommits, ReadSteps, after_events
from reconciler.plan import ReadSpecs, derive
from reconciler.reading.reader import Progress, TreeReader
from reconciler.reading.source import SourceUnavailable
from reconciler.reading.tree import EMPTY
from reconciler.rules_declaration import declare

_OF_RESOURCE: Final = (ResourceAdded, ResourceChanged, TrafficShifted, ResourceRemoved)
_MOST_COLLISIONS: Final = 5
_MOST_TOGETHER: Final = 32
"""Maximum number of commits that are logged in one transaction."""
_TICK_NS: Final = 10_000_000
_PROGRESS_EVERY: Final = 100
_PROGRESS_FROM: Final = 100


@dataclass(frozen=True, slots=True)
class _Look:
    """The branch's commit at one moment."""

    tip: CommitId
    moved_ns: int | None
    at_ns: int


class Follower:
    """Follows one branch with one log.

    Each commit along first parents is compared with the mesh after the previous one. So the chain
    is the same, whether commits arrive one by one or a thousand in one push.
    """

    def __init__(
        self,
        repo: GitRepository,
        log: EventStore,
        *,
        branch: str | None = None,
        progress: Progress | None = None,
        stopping: Callable[[], bool] = lambda: False,
        attempts: Attempts | None = None,
        steps: ReadSteps | None = None,
        logged: LoggedCommits | None = None,
    ) -> None:
        self._repo = repo
        self._log = log
        self._branch = branch
        self._progress = progress
        self._stopping = stopping
        self._attempts = attempts
        self._steps = steps or ReadSteps()
        self._logged = logged or LoggedCommits()
        self._reader = self._new_reader()
        self._looked_ns: int | None = None
        self._waiting: _Look | None = None
        self._declared = False
        self._reload()

    @property
    def path(self) -> Path:
        """Path of the repository."""
        return self._repo.path

    @property
    def state(self) -> MeshState:
        """The current mesh according to the log."""
        return self._state

    def _new_reader(self) -> TreeReader:
        return TreeReader(self._repo, self._progress, require_reserve, self._steps.take)

    def _reload(self) -> None:
        self._state = self._log.state()
        self._logged.reached(self._state.seq)
        # Keys of the resource events logged since a publication began; None if unknown.
        self._touched: set[ResourceKey] | None = None
        self._read = ReadSpecs(pending=None if self._state.tip else frozenset())

    def catch_up(self, *, within_s: float = 1.0) -> Publication | None:
        """Log every commit up to the tip; return the publication, or None if nothing moved.

        The publication is the mesh at a commit that was the branch's tip. If the branch moves
        meanwhile, the method continues to the new tip, for at most ``within_s``; then the caller
        must call it again.

        :raises SourceUnavailable: the branch cannot be followed now. Commits that were logged stay
            logged.
        """
        if not self._declared:
            declare(self._log)
            self._declared = True
        began = time.monotonic()
        found: Publication | None = None
        since, self._touched = self._state.seq, set()
        while found is None or time.monotonic() - began <= within_s:
            try:
                seen = self._waiting = self._look()
                reached = seen.tip != self._state.tip and self._reach(seen.tip)
                self._waiting = None
            except SourceUnavailable:
                if found is None:
                    raise
                break
            if not reached:
                break
            found = Publication(
                self._state,
                since,
                None if self._touched is None else frozenset(self._touched),
                moved_ns=seen.moved_ns,
                seen_ns=seen.at_ns,
                planned_ns=time.time_ns(),
            )
        return found

    def _look(self) -> "_Look":
        """Return the branch's current target."""
        before = self._looked_ns
        # HEAD is resolved once: a checkout in a work tree must not change what is served.
        self._branch = self._branch or self._repo.following()
        tip = self._repo.tip(self._branch)
        self._looked_ns = now = time.time_ns()
        if self._waiting is not None and self._waiting.tip == tip:
            return self._waiting  # the time of the move stays, even if an error delayed the commit
        if before is None:
            return _Look(tip, None, now)  # it may have moved long before this process started
        moved = self._repo.moved_ns(self._branch) if tip != self._state.tip else None
        # File times are those of the kernel's last tick, so they may be too early.
        known = moved is not None and before - _TICK_NS <= moved <= now
        return _Look(tip, moved if known else now, now)

    def _reach(self, tip: CommitId) -> bool:
        """Log the commits up to ``tip``; return whether the end was reached."""
        for _ in range(_MOST_COLLISIONS):
            try:
                return self._log_up_to(tip)
            except LogMoved:
                self._reload()
        raise Fatal(
            "another process writes to the same log",
            hint="run one gitmesh serve for one log file",
        )

    def warm(self) -> None:
        """Read the specs of the last commit seen, so that the next commit costs only its changes.

        If there is not enough memory for them, the next commit is read completely.

        :raises SourceUnavailable: the specs cannot be read now; the next commit is read completely.
        """
        state = self._state
        if state.tip is None or self._read.tree is not EMPTY or not self._repo.has(state.tip):
            return
        try:
            with self._reading(state.tip, state.tip):
                tree = self._reader.read(self._repo.tree_of(state.tip)).tree
        except SourceUnavailable as error:
            if error.reason not in (HELD_BACK, OUT_OF_MEMORY):
                raise
            return  # the log already has its result, so nothing waits for it
        resources = tree.graph.resources
        pending = frozenset(
            key
            for key in resources.keys() | state.resources.keys()
            if key not in resources or spec_json(resources[key].spec) != state.resources.get(key)
        )
        self._read = ReadSpecs(tree, pending)

    def _log_up_to(self, tip: CommitId) -> bool:
        """Log the commits up to ``tip``; return whether ``tip`` was reached."""
        found: Way = way(self._repo, self._state.tip, tip, self._log.is_logged)
        rewritten = found.rewritten
        if rewritten is not None:
            self._repo.keep(rewritten.before)  # only helps readers of the log, so it may fail
        count, known = len(found.commits), self._batch()
        for done, commit in enumerate(found.commits):
            if self._stopping():
                return False
            if self._progress and done % _PROGRESS_EVERY == 0 and count >= _PROGRESS_FROM:
                self._progress("reading history", done, count)
            if rewritten is None and known.add(commit):
                if len(known.commits) == _MOST_TOGETHER:
                    known = self._append(known, tip)
                continue
            known = self._append(known, tip)
            with self._reading(commit, tip):
                self._log_commit(commit, rewritten)
            rewritten, known = None, self._batch()
        self._append(known, tip)
        return True

    def _batch(self) -> KnownCommits:
        return KnownCommits(self._repo, self._log, self._steps, self._state, self._read)

    def _append(self, batch: KnownCommits, tip: CommitId) -> KnownCommits:
        """Append the events of commits; return a batch for the ones that follow."""
        if not batch.commits:
            return batch
        with self._reading(batch.commits[-1], tip):
            self._add(batch.events, batch.state, batch.read, batch.commits)
        return self._batch()

    @contextlib.contextmanager
    def _reading(self, commit: CommitId, tip: CommitId) -> Iterator[None]:
        """Record that a commit is being read; if memory runs out, forget the specs that were read.

        :raises SourceUnavailable: the commit is held back, or memory ran out.
        """
        if self._attempts is None:
            yield
            return
        try:
            with self._attempts.reading(commit, tip, self._stopping):
                yield
        except SourceUnavailable as error:
            if error.reason == OUT_OF_MEMORY:
                self._reader = self._new_reader()
            raise

    def _log_commit(self, commit: CommitId, rewritten: HistoryRewritten | None) -> None:
        facts = self._repo.facts(commit)
        restores = self._log.commit_of_tree(facts.tree)
        decided, read = derive(self._reader, self._read, self._state, facts, restores)
        events: list[MeshEvent] = [rewritten, *decided] if rewritten else decided
        self._add(events, after_events(self._state, events), read, [commit])

    def _add(
        self,
        events: Sequence[MeshEvent],
        after: MeshState,
        read: ReadSpecs,
        commits: Sequence[CommitId],
    ) -> None:
        """Append events, all or none, that lead to this state."""
        if self._touched is not None:
            self._touched.update(event.key for event in events if isinstance(event, _OF_RESOURCE))
        self._logged.begin_append()
        self._log.append(Chain.MESH, events, expected=self._state.seq)
        self._logged.reached(after.seq, commits)
        # Nothing below takes memory: what is in the log and what is here never differ.
        self._state, self._read = after, read
