"""The mesh state: a fold over the mesh chain. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never, cast

from events.types import (
    START,
    CommitApplied,
    CommitId,
    CommitRejected,
    HistoryRewritten,
    MeshEvent,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    TrafficShifted,
)
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class MeshState:
    """The mesh after one event of the mesh chain.

    Specs are JSON objects with App Mesh's field names and must not be modified. A resource that an
    event did not touch is the same object in the next state, so changes between states are found by
    identity.
    """

    seq: Seq = START
    tip: CommitId | None = None
    """The last commit read, applied or rejected."""
    commit: CommitId | None = None
    """The last applied commit, whose mesh this is."""
    resources: Mapping[ResourceKey, JsonObject] = field(default_factory=dict)
    settings: JsonObject = field(default_factory=dict)
    """Traffic settings of the repository."""


def apply(state: MeshState, seq: Seq, event: MeshEvent) -> MeshState:
    """Return the state after one more event. Pure; every event is accepted in every state."""
    return apply_all(state, [(seq, event)])


def apply_all(
    state: MeshState, events: Iterable[tuple[Seq, MeshEvent]], *, in_place: bool = False
) -> MeshState:
    """Return the state after more events: the same as :func:`apply` for each, in one pass.

    The mapping of resources is copied once, or not at all if no event touches a resource.

    :param in_place: modify the given state's mapping, a dict, instead of a copy; for callers that
        walk
        through a history and keep no states.
    """
    seq, tip, commit, settings = state.seq, state.tip, state.commit, state.settings
    resources = cast("dict[ResourceKey, JsonObject]", state.resources) if in_place else None
    for position, event in events:
        seq = position
        match event:
            case CommitApplied():
                tip = commit = event.facts.commit
                settings = event.settings
            case CommitRejected():
                tip = event.facts.commit
            case HistoryRewritten():
                pass
            case _:
                if resources is None:
                    resources = dict(state.resources)
                _touch(resources, event)
    found = state.resources if resources is None else resources
    return MeshState(seq, tip, commit, found, settings)


def _touch(
    resources: dict[ResourceKey, JsonObject],
    event: ResourceAdded | ResourceChanged | TrafficShifted | ResourceRemoved,
) -> None:
    match event:
        case ResourceAdded() | ResourceChanged() | TrafficShifted():
            resources[event.key] = event.spec
        case ResourceRemoved():
            resources.pop(event.key, None)
        case _:
            assert_never(event)
