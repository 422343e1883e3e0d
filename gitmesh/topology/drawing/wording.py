"""Words of a picture, replaceable by another language, and the texts of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gitmesh.topology.labels import label
from gitmesh.topology.layout.size import NAMED
from gitmesh.topology.live import Observed
from gitmesh.topology.model import Edge, Mark, Topology, Vertex
from mesh.keys import Kind

_KINDS: Final[Mapping[Kind, str]] = {
    Kind.VIRTUAL_GATEWAY: "virtual gateway",
    Kind.VIRTUAL_SERVICE: "virtual service",
    Kind.VIRTUAL_ROUTER: "virtual router",
    Kind.VIRTUAL_NODE: "virtual node",
}
_PLURALS: Final[Mapping[Kind, str]] = {kind: f"{word}s" for kind, word in _KINDS.items()}
_MARKS: Final[Mapping[Mark, str]] = {
    Mark.ADDED: "added",
    Mark.REMOVED: "removed",
    Mark.CHANGED: "changed",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Words of a picture in one language; English if not given."""

    kinds: Mapping[Kind, str] = field(default_factory=lambda: _KINDS)
    plurals: Mapping[Kind, str] = field(default_factory=lambda: _PLURALS)
    marks: Mapping[Mark, str] = field(default_factory=lambda: _MARKS)
    missing: str = "missing"
    hidden: str = "calls not shown: {number}"
    empty: str = "No resources"
    summary: str = (
        "Virtual gateways: {gateways}, virtual services: {services}, virtual routers: {routers}, "
        "virtual nodes: {nodes}; callers stand to the left of what they call"
    )


ENGLISH: Final = Wording()


def caption(vertex: Vertex, words: Wording = ENGLISH) -> str:
    """Return the line that tells what a vertex is: ``virtual node · added``."""
    parts = [words.kinds[vertex.kind]]
    if vertex.group:
        parts = [f"{len(vertex.group)} {words.plurals[vertex.kind]}"]
    if not vertex.exists:
        parts.append(words.missing)
    if vertex.mark is not Mark.SAME:
        parts.append(words.marks[vertex.mark])
    return " · ".join(parts)


def shown_names(vertex: Vertex) -> tuple[str, ...]:
    """Return the name of a vertex; for a group, the names of some members, and ``…`` for more."""
    if not vertex.group:
        return (vertex.key.name,)
    names = tuple(key.name for key in vertex.group[:NAMED])
    return (*names, "…") if len(vertex.group) > NAMED else names


def edge_sentence(edge: Edge, words: Wording = ENGLISH, seen: Observed | None = None) -> str:
    """Return an edge in words: ``cart / all → cart-v2: 10 %``."""
    source = edge.source.name if edge.route is None else f"{edge.source.name} / {edge.route.name}"
    text = f"{source} → {edge.target.name}"
    if shown := label(edge, seen):
        text += f": {shown}"
    return text if edge.mark is Mark.SAME else f"{text} ({words.marks[edge.mark]})"


def summary(whole: Topology, words: Wording = ENGLISH) -> str:
    """Return what a topology has, in one sentence; members of groups count."""
    if not whole.vertices:
        return words.empty
    numbers = dict.fromkeys(_KINDS, 0)
    for vertex in whole.vertices:
        numbers[vertex.kind] += len(vertex.group) or 1
    return words.summary.format(
        gateways=numbers[Kind.VIRTUAL_GATEWAY],
        services=numbers[Kind.VIRTUAL_SERVICE],
        routers=numbers[Kind.VIRTUAL_ROUTER],
        nodes=numbers[Kind.VIRTUAL_NODE],
    )
