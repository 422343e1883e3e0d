"""Decisions about the commits of a push, as the server will make them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from events.memory import require_reserve
from events.state import MeshState, apply_all
from events.types import (
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    MeshEvent,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    TrafficShifted,
)
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.mesh_settings import settings_json
from mesh.keys import ResourceKey
from mesh.problems.problem import errors
from mesh.resource import spec_json
from reconciler.git.repository import GitRepository
from reconciler.history import way
from reconciler.plan import plan
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree

_LOOK_BACK: Final = 1_000
"""Maximum number of rejected commits that are skipped in the search for the last valid mesh."""
MOST_DROPPED: Final = 10
"""Maximum number of dropped commits that are listed with their subjects."""
_OF_RESOURCE: Final = (ResourceAdded, ResourceChanged, TrafficShifted, ResourceRemoved)


@dataclass(frozen=True, slots=True)
class Decided:
    """One commit with its events."""

    facts: CommitFacts
    events: tuple[MeshEvent, ...]

    @property
    def refused(self) -> bool:
        """Return whether the commit is invalid."""
        return isinstance(self.events[0], CommitRejected)


@dataclass(frozen=True, slots=True)
class Checked:
    """All commits of a push to the branch."""

    commits: tuple[Decided, ...]
    """The commits along first parents, oldest first."""
    is_new: bool
    """True if the push creates the branch."""
    before: MeshGraph
    after: MeshGraph
    dropped: tuple[CommitFacts, ...] = ()
    """Commits that the branch loses, the newest ones first."""
    dropped_count: int = 0

    @property
    def refused(self) -> tuple[Decided, ...]:
        """Return the commits for which the push is refused.

        For a new branch only the newest commit counts: earlier commits cannot be corrected any
        more.
        """
        counting = self.commits[-1:] if self.is_new else self.commits
        return tuple(decided for decided in counting if decided.refused)

    @property
    def passed_over(self) -> tuple[Decided, ...]:
        """Return the invalid commits because of which the push is not refused."""
        return tuple(d for d in self.commits if d.refused and d not in self.refused)

    @property
    def changed(self) -> frozenset[ResourceKey]:
        """Return the keys of the resources that a commit changes."""
        events = (event for decided in self.commits for event in decided.events)
        return frozenset(event.key for event in events if isinstance(event, _OF_RESOURCE))


def check(
    repo: GitRepository, before: CommitId | None, after: CommitId, known: SpecTree = EMPTY
) -> Checked:
    """Decide about each commit of a branch move, compared with the mesh after the previous commit.

    Commits that the branch already has are not checked again.

    :param known: specs from which others are read by their differences; they change no decision.
    :raises SourceUnavailable: the repository cannot be read.
    :raises MemoryError: there is not enough memory for the check.
    """
    reader = TreeReader(repo, room=require_reserve)
    base = last_good(repo, reader, before, known)
    state, tree, graph = _state(base), base, base.graph
    decided: list[Decided] = []
    found = way(repo, before, after, lambda _: False)
    for commit in found.commits:
        facts = repo.facts(commit)
        tree = reader.read(ObjectId(facts.tree), tree).tree
        events = plan(state, facts, tree)
        decided.append(Decided(facts, tuple(events)))
        state = _after(state, events)
        if isinstance(events[0], CommitApplied):
            graph = tree.graph
    lost = () if found.rewritten is None else found.rewritten.dropped
    shown = tuple(repo.facts(commit) for commit in lost[:MOST_DROPPED])
    return Checked(tuple(decided), before is None, base.graph, graph, shown, len(lost))


def _after(state: MeshState, events: Iterable[MeshEvent]) -> MeshState:
    return apply_all(state, ((Seq(state.seq + at), event) for at, event in enumerate(events, 1)))


def _state(tree: SpecTree) -> MeshState:
    resources = {key: spec_json(found.spec) for key, found in tree.graph.resources.items()}
    return MeshState(resources=resources, settings=settings_json(tree.graph.settings))


def last_good(
    repo: GitRepository, reader: TreeReader, commit: CommitId | None, known: SpecTree = EMPTY
) -> SpecTree:
    """Return the specs of the nearest valid commit, from this one back."""
    tree = known
    for _ in range(_LOOK_BACK):
        if commit is None:
            break
        tree = reader.read(repo.tree_of(commit), tree).tree
        if not errors(tree.problems):
            return tree
        commit = repo.first_parent(commit)
    return EMPTY
