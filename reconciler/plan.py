"""Decision on one commit: which events it adds to the log. Pure; the core of the reconciler."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from events.state import MeshState
from events.types import CommitApplied, CommitFacts, CommitId, CommitRejected, MeshEvent
from mesh.canonical import JsonObject
from mesh.graph.mesh_settings import settings_json
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem, Severity
from reconciler.diff import diff
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree, Step

MAX_PROBLEMS: Final = 100
"""Maximum problems listed in an event; further problems are only counted, and `gitmesh validate`
lists them."""


@dataclass(frozen=True, slots=True)
class ReadSpecs:
    """Specs of the last commit that was read, and the keys in which they may differ from the log's
    mesh."""

    tree: SpecTree = EMPTY
    pending: frozenset[ResourceKey] | None = frozenset()
    """Keys that may differ between the specs and the mesh, because commits after the last applied
    one were rejected; None: any key may differ."""


def derive(
    reader: TreeReader,
    read: ReadSpecs,
    state: MeshState,
    facts: CommitFacts,
    restores: CommitId | None,
) -> tuple[list[MeshEvent], ReadSpecs]:
    """Read the specs of a commit; return its events, and the specs for the next commit.

    :param read: the specs of the previous commit.
    :param state: the mesh after the previous commit.
    :param restores: as for :func:`plan`.
    :raises SourceUnavailable: the commit cannot be read.
    """
    return derive_step(reader.read(ObjectId(facts.tree), read.tree), read, state, facts, restores)


def derive_step(
    step: Step,
    read: ReadSpecs,
    state: MeshState,
    facts: CommitFacts,
    restores: CommitId | None,
) -> tuple[list[MeshEvent], ReadSpecs]:
    """Do as :func:`derive` where the specs of the commit are known: ``step`` leads to them."""
    changed = None if read.pending is None else read.pending | step.touched
    events = plan(state, facts, step.tree, changed=changed, restores=restores)
    applied = isinstance(events[0], CommitApplied)
    return events, ReadSpecs(step.tree, frozenset() if applied else changed)


def plan(
    state: MeshState,
    facts: CommitFacts,
    tree: SpecTree,
    *,
    changed: Iterable[ResourceKey] | None = None,
    restores: CommitId | None = None,
) -> list[MeshEvent]:
    """Return the events of one commit: it is applied whole, or rejected whole.

    :param state: the mesh after the previous commit.
    :param tree: the specs of this commit.
    :param changed: the keys that may differ from ``state``; ``None`` if unknown.
    :param restores: the latest earlier applied commit with the same tree, if there is one.
    """
    problems = tree.problems
    wrong = [p for p in problems if p.severity is Severity.ERROR]
    if wrong:
        return [CommitRejected(facts, _listed(wrong), max(0, len(wrong) - MAX_PROBLEMS))]
    changes = diff(state.resources, tree.graph.resources, changed, commit=facts.commit)
    # A commit with the tree that is already served is not a restore, but an ordinary commit.
    restored = restores if restores != state.commit or state.commit == facts.commit else None
    settings = settings_json(tree.graph.settings)
    applied = CommitApplied(facts, restored, len(changes), _listed(problems), settings)
    return [applied, *changes]


def _listed(problems: Iterable[Problem]) -> tuple[JsonObject, ...]:
    return tuple({**problem.as_json()} for problem in islice(problems, MAX_PROBLEMS))
