"""Differences between the proxies' configuration in two meshes, resource by resource. Pure."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from betterproto2 import Message

from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from xds.nodes import ProxyIdentity
from xds.translate import translate
from xds.translate.readable import TYPES, resource_json, yaml_text
from xds.type_urls import ENDPOINT
from xds.wire.encode import encode

CONTEXT_LINES: Final = 3


class Shown:
    """An Envoy resource in readable form. Callers of one service often have an equal resource."""

    def __init__(self, value: JsonObject) -> None:
        self.value = value

    @cached_property
    def lines(self) -> list[str]:
        """The resource as lines of YAML."""
        return yaml_text([self.value]).splitlines()


class ResourceChange:
    """Difference of one Envoy resource, without the node."""

    def __init__(self, before: Shown | None, after: Shown | None) -> None:
        self._before = before
        self._after = after

    @property
    def before(self) -> JsonObject | None:
        """The old resource; ``None`` if it did not exist."""
        return None if self._before is None else self._before.value

    @property
    def after(self) -> JsonObject | None:
        """The new resource; ``None`` if it no longer exists."""
        return None if self._after is None else self._after.value

    @cached_property
    def lines(self) -> list[str]:
        """The difference as a unified diff of YAML, without a header."""
        old, new = ([] if side is None else side.lines for side in (self._before, self._after))
        return list(difflib.unified_diff(old, new, n=CONTEXT_LINES, lineterm=""))[2:]


@dataclass(frozen=True, slots=True)
class EnvoyChange:
    """Difference of one Envoy resource of one node."""

    node: ResourceKey
    type: str
    """``clusters``, ``endpoints``, ``listeners``, ``routes`` or ``secrets``."""
    name: str
    change: ResourceChange


def envoy_changes(
    before: MeshGraph, after: MeshGraph, nodes: tuple[ResourceKey, ...]
) -> Iterator[EnvoyChange]:
    """Yield the differences in the configuration of these nodes, by node, type and name."""
    shown = _ShownOnce()
    for node in nodes:
        old, new = _configuration(before, node), _configuration(after, node)
        for kind, name in sorted(old.keys() | new.keys()):
            had, has = old.get((kind, name)), new.get((kind, name))
            # Equal resources are often the same object, and encoding is faster than formatting.
            if had is has or (had and has and encode(had) == encode(has)):
                continue
            yield EnvoyChange(node, kind, name, shown.change(had, has))


class _ShownOnce:
    """Cache of readable resources, shared by all nodes."""

    def __init__(self) -> None:
        self._resources: dict[bytes, Shown] = {}
        self._changes: dict[tuple[Shown | None, Shown | None], ResourceChange] = {}

    def change(self, had: Message | None, has: Message | None) -> ResourceChange:
        sides = self._resource(had), self._resource(has)
        if sides not in self._changes:
            self._changes[sides] = ResourceChange(*sides)
        return self._changes[sides]

    def _resource(self, message: Message | None) -> Shown | None:
        if message is None:
            return None
        content = encode(message)
        if content not in self._resources:
            self._resources[content] = Shown(resource_json(message))
        return self._resources[content]


def _configuration(graph: MeshGraph, node: ResourceKey) -> dict[tuple[str, str], Message]:
    """Return the Envoy resources of a node by type and name."""
    if graph.get(node) is None:
        return {}
    translation = translate(graph, ProxyIdentity(node))
    return {
        (kind, str(getattr(each, "cluster_name" if type_url == ENDPOINT else "name"))): each
        for kind, type_url in TYPES.items()
        for each in translation[type_url]
    }
