"""Change sets: API calls that are staged, and later committed as one commit, or discarded. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gitmesh.service.changes.resource_change import Mesh, SpecChanges, Wanted
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.linking import relink
from mesh.reading.tags import Tags
from mesh.resource import Resource, spec_from_json
from reconciler.git.writing import Person

MOST_CALLS: Final = 1_000
"""Maximum number of calls in a change set."""


class ChangesNoMore(UsageError):
    """The mesh has changed, so that a change set no longer applies to it."""


class Effect(StrEnum):
    """Effect of a staged call on its resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    TAG = "tag"
    UNTAG = "untag"


@dataclass(frozen=True, slots=True)
class StagedCall:
    """A staged call, which waits for its commit."""

    effect: Effect
    key: ResourceKey
    spec: JsonObject | None = None
    tags: Tags = field(default_factory=dict)
    tag_keys: tuple[str, ...] = ()
    request_id: str = ""
    ids: frozenset[str] = frozenset()
    """Client tokens of the call, by which a retry is recognised."""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Calls under one name, in their order."""

    name: str
    identity: str
    """Identity of the caller who began the change set; only this caller may add to it."""
    author: Person
    calls: tuple[StagedCall, ...] = ()


def merged(calls: Iterable[StagedCall]) -> Wanted:
    """Return the combined change of calls. The first call for a resource decides whether the
    resource existed before."""
    specs: dict[ResourceKey, JsonObject | None] = {}
    tags: dict[ResourceKey, Callable[[Tags], Tags]] = {}
    new: set[ResourceKey] = set()
    for call in calls:
        match call.effect:
            case Effect.CREATE:
                if call.key not in specs:
                    new.add(call.key)
                specs[call.key], tags[call.key] = call.spec or {}, _always(call.tags)
            case Effect.UPDATE:
                specs[call.key] = call.spec or {}
            case Effect.DELETE:
                specs[call.key] = None
                tags.pop(call.key, None)
            case _:
                tags[call.key] = _then(tags.get(call.key, dict), call)
    gone = {key for key in new if specs[key] is None}
    return Wanted({key: spec for key, spec in specs.items() if key not in gone}, tags)


def applied(change: ChangeSet, now: Mesh) -> Mesh:
    """Return the mesh with a change set applied.

    :raises ChangesNoMore: a resource to create exists already, or a resource to change does not
        exist.
    """
    seen: set[ResourceKey] = set()
    for call in change.calls:
        exists = call.key in now.graph.resources
        if call.key not in seen and exists == (call.effect is Effect.CREATE):
            word = "exists already" if exists else "does not exist any more"
            raise ChangesNoMore(
                f"the change {change.name} no longer applies: {call.key} {word}",
                hint=f"gitmesh change discard {change.name}",
            )
        seen.add(call.key)
    return Mesh(relink(now.graph, _resources(merged(change.calls).specs)), now.settings)


def _resources(specs: SpecChanges) -> dict[ResourceKey, Resource | None]:
    return {
        key: None if spec is None else Resource(key, spec_from_json(key, spec))
        for key, spec in specs.items()
    }


def _always(tags: Tags) -> Callable[[Tags], Tags]:
    return lambda _: tags


def _then(first: Callable[[Tags], Tags], call: StagedCall) -> Callable[[Tags], Tags]:
    def change(tags: Tags) -> Tags:
        found = {**first(tags), **call.tags}
        return {key: value for key, value in found.items() if key not in call.tag_keys}

    return change
