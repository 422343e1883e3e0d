"""A picture as rows of a table, for keyboards and screen readers. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitmesh.topology.labels import weight_text
from gitmesh.topology.layout.placed import Layout
from gitmesh.topology.live import EdgeIdentity, Observed
from gitmesh.topology.model import Edge, Mark, Topology, Vertex


@dataclass(frozen=True, slots=True)
class Line:
    """One edge as a row."""

    source: Vertex
    target: Vertex
    route: str
    match: str
    share: str
    mark: Mark
    seen: Observed | None


def lines(
    whole: Topology, placed: Layout, observed: Mapping[EdgeIdentity, Observed]
) -> Iterator[Line]:
    """Yield the edges as rows: sources as the picture is read, their routes as they are tried."""
    places = {box.vertex.key: (box.x, box.y) for box in placed.boxes}
    rows = {row.key: (place, row.match) for v in whole.vertices for place, row in enumerate(v.rows)}

    def order(edge: Edge) -> tuple[tuple[int, int], int, tuple[int, int]]:
        row = rows[edge.route][0] if edge.route in rows else -1
        return places[edge.source], row, places[edge.target]

    for edge in sorted(whole.edges, key=order):
        port = f" :{edge.port}" if edge.port else ""
        yield Line(
            source=whole.by_key[edge.source],
            target=whole.by_key[edge.target],
            route="" if edge.route is None else edge.route.name,
            match=rows[edge.route][1] if edge.route in rows else "",
            share=(weight_text(edge.weight) if edge.weight else "") + port,
            mark=edge.mark,
            seen=observed.get(edge.identity),
        )


def alone(whole: Topology) -> list[Vertex]:
    """Return the vertices without an edge, which no row shows."""
    return [
        vertex
        for vertex in whole.vertices
        if vertex.key not in whole.outgoing and vertex.key not in whole.incoming
    ]
