"""How the configuration of proxies differs from one mesh to another: resource by resource. Pure."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from betterproto2 import Message

from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.linked import MeshGraph
from xds.nodes import ProxyIdentity
from xds.translate import translate
from xds.translate.readable import TYPES, resource_json, yaml_text
from xds.type_urls import ENDPOINT
from xds.wire.encode import encode

CONTEXT_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class EnvoyChange:
    """How one Envoy resource of one node differs."""

    node: ResourceKey
    type: str
    """``clusters``, ``endpoints``, ``listeners``, ``routes`` or ``secrets``."""
    name: str
    before: JsonObject | None
    after: JsonObject | None

    @property
    def lines(self) -> list[str]:
        """Return the difference as a unified diff of YAML, without a heading."""
        old, new = (
            [] if each is None else yaml_text([each]).splitlines()
            for each in (self.before, self.after)
        )
        return list(difflib.unified_diff(old, new, n=CONTEXT_LINES, lineterm=""))[2:]


def envoy_changes(
    before: MeshGraph, after: MeshGraph, nodes: tuple[ResourceKey, ...]
) -> Iterator[EnvoyChange]:
    """Yield what differs of the configuration of these nodes, by node, type and name."""
    told: dict[bytes, JsonObject] = {}
    for node in nodes:
        old, new = _configuration(before, node), _configuration(after, node)
        for kind, name in sorted(old.keys() | new.keys()):
            had, has = old.get((kind, name)), new.get((kind, name))
            # Equal resources are often the same object, and bytes are made faster than words.
            if had is has or (had and has and encode(had) == encode(has)):
                continue
            yield EnvoyChange(node, kind, name, _readable(had, told), _readable(has, told))


def _readable(message: Message | None, told: dict[bytes, JsonObject]) -> JsonObject | None:
    """Return a message as plain values; callers of one service often have the very same."""
    if message is None:
        return None
    content = encode(message)
    if content not in told:
        told[content] = resource_json(message)
    return told[content]


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
