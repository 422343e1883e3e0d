"""A topology as plain text, by gateway and by virtual service."""

from collections.abc import Iterator, Sequence

from gitmesh.safe_text import visible
from gitmesh.topology.drawing.wording import ENGLISH, Wording, caption
from gitmesh.topology.labels import label
from gitmesh.topology.model import Edge, Mark, Relation, Topology, Vertex
from mesh.keys import Kind, ResourceKey

_SIGNS = {Mark.SAME: " ", Mark.ADDED: "+", Mark.REMOVED: "-", Mark.CHANGED: "~"}
_ORDER = (
    Kind.VIRTUAL_GATEWAY,
    Kind.VIRTUAL_SERVICE,
    Kind.VIRTUAL_ROUTER,
    Kind.VIRTUAL_NODE,
)


def text(whole: Topology, words: Wording = ENGLISH) -> str:
    """Return the topology in lines: each gateway and service, with what it routes to and calls.

    In a comparison, each line starts with ``+``, ``-``, ``~`` or a space. Routers and nodes stand
    below the services that they provide, and alone only if there is none.
    """
    return "".join(f"{line.rstrip()}\n" for line in _Text(whole, words).lines())


class _Text:
    def __init__(self, whole: Topology, words: Wording) -> None:
        self._whole = whole
        self._words = words
        marks = {each.mark for each in whole.vertices} | {each.mark for each in whole.edges}
        marks.update(row.mark for vertex in whole.vertices for row in vertex.rows)
        self._compares = marks - {Mark.SAME}
        self._several = len(whole.meshes) > 1

    def lines(self) -> Iterator[str]:
        if not self._whole.vertices:
            yield self._words.empty
        told: set[ResourceKey] = set()
        for kind in _ORDER:
            for vertex in self._whole.vertices:
                if vertex.kind is kind and vertex.key not in told:
                    yield from self._block(vertex, told)

    def _block(self, vertex: Vertex, told: set[ResourceKey]) -> Iterator[str]:
        yield self._head(vertex, 0)
        callers = self._callers(vertex.key)
        if callers:
            yield self._line(Mark.SAME, 1, f"← {', '.join(callers)}")
        yield from self._inside(vertex, 1, told)
        if vertex.hidden:
            yield self._line(Mark.SAME, 1, f"({self._words.hidden.format(number=vertex.hidden)})")

    def _inside(self, vertex: Vertex, depth: int, told: set[ResourceKey]) -> Iterator[str]:
        """Yield the rows and calls of a vertex, and what provides it, below it."""
        told.add(vertex.key)
        outgoing = self._whole.outgoing.get(vertex.key, ())
        yield from self._rows(vertex, outgoing, depth)
        targets = [e.target for e in outgoing if e.relation is Relation.TARGET]
        providers = [e for e in outgoing if e.relation is Relation.PROVIDER]
        calls = [e for e in outgoing if e.relation.is_call and e.route is None]
        for edge in providers:
            yield self._head(self._whole.by_key[edge.target], depth, edge.mark)
            yield from self._inside(self._whole.by_key[edge.target], depth + 1, told)
        for edge in calls:
            yield self._line(edge.mark, depth, f"→ {self._name(edge.target)}")
        for key in dict.fromkeys(targets):
            below = self._whole.by_key[key]
            if key not in told and self._whole.outgoing.get(key):
                yield self._head(below, depth)
                yield from self._inside(below, depth + 1, told)
            told.add(key)

    def _rows(self, vertex: Vertex, outgoing: Sequence[Edge], depth: int) -> Iterator[str]:
        names = max((len(row.key.name) for row in vertex.rows), default=0)
        matches = max((len(row.match) for row in vertex.rows), default=0)
        for row in vertex.rows:
            edges = [edge for edge in outgoing if edge.route == row.key]
            to = ", ".join(f"{self._name(e.target)} {label(e)}".rstrip() for e in edges)
            said = f"{row.key.name:{names}}  {row.match:{matches}}  → {to or '-'}"
            yield self._line(row.mark, depth, said)

    def _head(self, vertex: Vertex, depth: int, edge: Mark = Mark.SAME) -> str:
        mark = vertex.mark if vertex.mark is not Mark.SAME else edge
        if vertex.group:
            names = ", ".join(key.name for key in vertex.group)
            return self._line(mark, depth, f"{caption(vertex, self._words)}: {names}")
        kind = self._words.kinds[vertex.kind]
        missing = "" if vertex.exists else f" ({self._words.missing})"
        inside = f"  [{', '.join(key.name for key in vertex.inside)}]" if vertex.inside else ""
        own = f"{vertex.key.mesh}: " if self._several and not depth else ""
        return self._line(mark, depth, f"{own}{kind} {vertex.key.name}{missing}{inside}")

    def _callers(self, key: ResourceKey) -> list[str]:
        calls = [e.source for e in self._whole.incoming.get(key, ()) if e.relation.is_call]
        return [self._name(source) for source in dict.fromkeys(calls)]

    def _name(self, key: ResourceKey) -> str:
        group = self._whole.by_key[key].group
        return caption(self._whole.by_key[key], self._words) if group else key.name

    def _line(self, mark: Mark, depth: int, said: str) -> str:
        sign = f"{_SIGNS[mark]} " if self._compares else ""
        return f"{sign}{'  ' * depth}{visible(said)}"
