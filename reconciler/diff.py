"""Difference between two meshes, as resource events. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from events.types import (
    CommitId,
    FieldChange,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    TrafficShifted,
    WeightChange,
)
from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import json_path
from mesh.resource import Resource, Steps, spec_json

ResourceEvent: TypeAlias = ResourceAdded | ResourceChanged | TrafficShifted | ResourceRemoved


def diff(
    before: Mapping[ResourceKey, JsonObject],
    after: Mapping[ResourceKey, Resource],
    keys: Iterable[ResourceKey] | None = None,
    *,
    commit: CommitId,
) -> list[ResourceEvent]:
    """Return the events that turn ``before`` into ``after``, sorted by key; none for equal meshes.

    Only ``keys`` are compared; the caller knows that all other resources are equal. ``None``
    compares every key. A route in which only targets or weights differ gives
    :class:`TrafficShifted`, with the weights of every target before and after.
    """
    looked_at = before.keys() | after.keys() if keys is None else set(keys)
    changes = (_change(before.get(k), after.get(k), k, commit) for k in sorted(looked_at))
    return [change for change in changes if change is not None]


def _change(
    old: JsonObject | None, resource: Resource | None, key: ResourceKey, commit: CommitId
) -> ResourceEvent | None:
    if resource is None:
        return None if old is None else ResourceRemoved(key, commit)
    spec = spec_json(resource.spec)
    path = resource.source.path
    if old is None:
        return ResourceAdded(key, commit, spec, path)
    if old == spec:
        return None
    weights = _shift(old, spec) if key.kind is Kind.ROUTE else ()
    if weights:
        return TrafficShifted(key, commit, spec, path, weights)
    return ResourceChanged(key, commit, spec, path, field_changes(old, spec))


def field_changes(old: JsonObject, new: JsonObject) -> tuple[FieldChange, ...]:
    """Return the differing fields, in the order of keys and positions.

    A field that is absent on one side is listed as a whole, not by its content. Lists are compared
    by position.
    """
    return tuple(_fields((), old, new))


def _fields(steps: Steps, old: Json, new: Json) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _fields((*steps, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for at in range(max(len(old), len(new))):
            yield from _fields((*steps, at), _at(old, at), _at(new, at))
    elif old != new:
        yield FieldChange(json_path(steps), old, new)


def _at(items: list[Json], position: int) -> Json:
    return items[position] if position < len(items) else None


def _shift(old: JsonObject, new: JsonObject) -> tuple[WeightChange, ...]:
    """Return the weight changes if nothing else differs, else nothing."""
    old_rest, old_weights = _weights(old)
    new_rest, new_weights = _weights(new)
    if old_rest != new_rest or old_weights == new_weights:
        return ()
    targets = sorted(old_weights.keys() | new_weights.keys(), key=lambda t: (t[0], t[1] or 0))
    return tuple(
        WeightChange(node, port, old_weights.get((node, port), 0), new_weights.get((node, port), 0))
        for node, port in targets
    )


def _weights(spec: JsonObject) -> tuple[JsonObject, dict[tuple[str, int | None], int]]:
    """Split a route into the weights of its targets and everything else."""
    rest: JsonObject = {}
    weights: dict[tuple[str, int | None], int] = {}
    for name, part in spec.items():
        match part:
            case {"action": {"weightedTargets": list() as targets}} if isinstance(part, dict):
                rest[name] = {key: value for key, value in part.items() if key != "action"}
                for target in targets:
                    match target:
                        case {"virtualNode": str() as node, "weight": int() as weight}:
                            port = target.get("port")
                            at = (node, port if isinstance(port, int) else None)
                            weights[at] = weights.get(at, 0) + weight
            case _:
                rest[name] = part
    return rest, weights
