"""Which of the resources that a client refused are at fault, and which specs made them so. Pure.

A client says in free words why it refuses a response. Envoy names the resources it could not take,
and mostly the value that it could not use; gRPC clients do, too.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.errors import GitmeshError
from mesh.graph import relink
from mesh.keys import ResourceKey
from mesh.linked import MeshGraph
from mesh.resource import Resource, Steps, spec_json
from xds.answers import Refused

MAX_NAMES: Final = 20
"""How many resources, and specs, are listed."""
_MOST_TRIED: Final = 64
"""For how many specs it is tried what the resources would be without their change."""
_TELLING: Final = 4
"""Shorter values of a spec occur in words by chance."""

Build = Callable[[MeshGraph], Mapping[str, bytes]]
"""Returns the refused resources, by name, as a graph makes them."""


def refused_names(refusal: Refused) -> tuple[str, ...]:
    """Return the names of the resources at fault, sorted: those that the client's words name.

    Where they name none, any of those may be at fault that the client was sent for the first time.
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
    """Return the keys of the specs that are likely at fault for a refusal, sorted.

    Those are the ones that made the refused resources what they are: with the spec as it was
    before, what ``build`` returns would be different. Of several, those whose own values or names
    the message mentions are meant.

    :param after: the mesh that the refused resources were made from.
    :param changed: of each spec that is in question, what it was before; ``None`` if it was not.
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
        return True  # Nothing can be made without it: the rest of the mesh relies on the change.
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
    """Yield where in a spec there is text that a message mentions, the longest text first."""
    found = [(steps, text) for steps, text in _texts((), spec) if mentions(message, text)]
    found.sort(key=lambda each: -len(each[1]))
    for steps, _ in found:
        yield steps


def mentions(message: str, text: str) -> bool:
    """Tell whether a message has this text as a word of its own."""
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


def concerning(
    key: ResourceKey, changed: Collection[ResourceKey], *graphs: MeshGraph
) -> Iterator[ResourceKey]:
    """Yield those of the changed specs that can have a part in what a proxy of a node gets."""
    for each in changed:
        if any(key in graph.dependents((each,)) for graph in graphs):
            yield each
