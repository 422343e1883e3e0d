"""What the log must gain for one commit. Pure: the heart of the reconciler."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from events.state import MeshState
from events.types import CommitApplied, CommitFacts, CommitId, CommitRejected, MeshEvent
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.mesh_settings import settings_json
from mesh.problem import Problem, Severity
from reconciler.diff import diff
from reconciler.tree import SpecTree

MAX_PROBLEMS: Final = 100
"""Problems that an event lists; what is beyond is counted, and `gitmesh validate` shows it."""


def plan(
    state: MeshState,
    facts: CommitFacts,
    tree: SpecTree,
    *,
    changed: Iterable[ResourceKey] | None = None,
    restores: CommitId | None = None,
) -> list[MeshEvent]:
    """Decide the events of one commit: the mesh becomes all of what it says, or none of it.

    :param state: the mesh after the commit before this one.
    :param tree: the specs of this commit.
    :param changed: the keys that may differ from ``state``; ``None`` when that is not known.
    :param restores: the latest earlier applied commit with the same tree, if there is one.
    """
    problems = tree.problems
    wrong = [p for p in problems if p.severity is Severity.ERROR]
    if wrong:
        return [CommitRejected(facts, _listed(wrong), max(0, len(wrong) - MAX_PROBLEMS))]
    changes = diff(state.resources, tree.graph.resources, changed, commit=facts.commit)
    # A commit with the tree that is already served restores nothing: it is only another commit.
    restored = restores if restores != state.commit or state.commit == facts.commit else None
    settings = settings_json(tree.graph.settings)
    applied = CommitApplied(facts, restored, len(changes), _listed(problems), settings)
    return [applied, *changes]


def _listed(problems: Iterable[Problem]) -> tuple[JsonObject, ...]:
    return tuple({**problem.as_json()} for problem in islice(problems, MAX_PROBLEMS))
