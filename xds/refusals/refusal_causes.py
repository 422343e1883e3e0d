"""Causes of a refusal: the refused resources, and the specs that made them invalid. Pure.

A client explains in free text why it refuses a response. Envoy and gRPC clients name the refused
resources, and mostly the invalid value.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.errors import GitmeshError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.linking import relink
from mesh.resource import Resource, Steps, spec_json
from xds.protocol.response import Nack

MAX_NAMES: Final = 20
"""Maximum resources, and specs, that are listed."""
_MOST_TRIED: Final = 64
"""Maximum specs for which the resources are rebuilt without their change."""
_TELLING: Final = 4
"""Minimum length of a value that is searched in messages; shorter values occur by chance."""

Build = Callable[[MeshGraph], Mapping[str, bytes]]
"""Function that builds the refused resources from a graph; returns them by name."""


def refused_names(refusal: Nack) -> tuple[str, ...]:
    """Return the names of the refused resources, sorted, as the client's message names them.

    If it names none, all resources that were new to the client are possible causes.
    """
    message = refusal.detail.message
    named = [name for name in refusal.names if mentions(message, name)]
    fresh = [resource.name for resource in refusal.fresh]
    return tuple(sorted(named or fresh or refusal.names)[:MAX_NAMES])


def specs_at_fault(
    message: str,
    after: MeshGraph,
    changed: Mapping[ResourceKey, Resource | None],
    build: Build,
) -> tuple[ResourceKey, ...]:
    """Return the keys of the specs that likely caused a refusal, sorted.

    A spec is a cause if the refused resources would differ with its previous version. Of several
    causes, those whose values or names occur in the message are returned.

    :param after: the mesh that the refused resources were built from.
    :param changed: the previous version of each candidate; ``None`` if it did not exist.
    """
    made = build(after)
    tried = sorted(changed)[:_MOST_TRIED]
    guilty = [key for key in tried if _matters(after, key, changed[key], made, build)]
    found = guilty or sorted(changed)
    telling = _with_mentioned_value(message, after, found) or [
        key for key in found if mentions(message, key.name)
    ]
    return tuple((telling or found)[:MAX_NAMES])


def _matters(
    after: MeshGraph,
    key: ResourceKey,
    before: Resource | None,
    made: Mapping[str, bytes],
    build: Build,
) -> bool:
    try:
        other = build(relink(after, {key: before}))
    except (GitmeshError, LookupError, ValueError):
        return True  # The mesh cannot be translated without this change, so the change is needed.
    return any(other.get(name) != data for name, data in made.items())


def _with_mentioned_value(
    message: str, graph: MeshGraph, keys: Iterable[ResourceKey]
) -> list[ResourceKey]:
    return [
        key
        for key in keys
        if (resource := graph.get(key)) is not None
        and next(mentioned_values(message, spec_json(resource.spec)), None) is not None
    ]


def mentioned_values(message: str, spec: JsonObject) -> Iterator[Steps]:
    """Yield the positions of spec values that a message contains, longest text first."""
    found = [(steps, text) for steps, text in _texts((), spec) if mentions(message, text)]
    found.sort(key=lambda each: -len(each[1]))
    for steps, _ in found:
        yield steps


def mentions(message: str, text: str) -> bool:
    """Return whether a message contains this text as a whole word."""
    if len(text) < _TELLING or text not in message:
        return False
    return re.search(rf"(?<![\w/-]){re.escape(text)}(?![\w-])", message) is not None


def _texts(steps: Steps, value: Json) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts((*steps, name), inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts((*steps, at), inner)


def specs_influencing(
    key: ResourceKey, changed: Collection[ResourceKey], *graphs: MeshGraph
) -> Iterator[ResourceKey]:
    """Yield the changed specs that can influence the configuration of a node's proxy."""
    for each in changed:
        if any(key in graph.dependents((each,)) for graph in graphs):
            yield each
