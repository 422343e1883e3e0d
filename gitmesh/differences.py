"""What differs between two meshes: in words of resources, and in those of Envoy. Pure."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from betterproto2 import Message

from events.types import CommitId, MeshEvent
from gitmesh.blast_radius import BlastRadius, blast_radius
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.linked import MeshGraph
from mesh.resource import spec_json
from reconciler.diff import diff
from xds.nodes import ProxyIdentity
from xds.translate import translate
from xds.translate.readable import TYPES, resource_json, yaml_text
from xds.type_urls import ENDPOINT
from xds.wire.encode import encode

CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """What one mesh has that another has not, and whom that concerns."""

    changes: tuple[MeshEvent, ...]
    """As the log would say them, sorted by resource."""
    radius: BlastRadius


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


def difference(
    before: MeshGraph, after: MeshGraph, connected: Mapping[ResourceKey, int] | None = None
) -> Difference:
    """Return what turns one mesh into another, resource by resource."""
    old = {
        key: spec_json(resource.spec)
        for key, resource in before.resources.items()
        if after.resources.get(key) is not resource
    }
    new = {
        key: resource
        for key, resource in after.resources.items()
        if before.resources.get(key) is not resource
    }
    changes = diff(old, new, commit=CommitId(""))
    radius = blast_radius(before, after, [change.key for change in changes], connected)
    return Difference(tuple(changes), radius)


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
