"""The neighbourhood of one resource: its callers and what it calls, to a depth."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from gitmesh.topology.mesh_topology import DRAWN
from gitmesh.topology.model import Edge, Relation, Topology
from mesh.graph.references import parent_of
from mesh.keys import Kind, ResourceKey

_GATEWAY = Kind.VIRTUAL_GATEWAY
MOST = 60
"""More vertices than this cannot be read as a picture."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The part of a topology around one vertex."""

    centre: ResourceKey
    depth: int
    """The depth that is shown; less than wanted if that has more than :data:`MOST` vertices."""
    topology: Topology


def vertex_of(key: ResourceKey, whole: Topology) -> ResourceKey | None:
    """Return the vertex that shows a resource, which may be one of its rows; None if none does."""
    parent = parent_of(key)
    if parent is not None:
        rows = whole.by_key[parent].rows if parent in whole.by_key else ()
        return parent if any(row.key == key for row in rows) else None
    return key if key.kind in DRAWN and key in whole.by_key else None


def neighbourhood(
    whole: Topology, centre: ResourceKey, depth: int, most: int = MOST
) -> Neighbourhood:
    """Return the vertex ``centre`` with its callers and the services it calls.

    ``depth`` counts calls in each direction: 0 shows the resource inside its service, 1 who calls
    it and what it calls, 2 also their callers, and so on. What is inside a service is shown for all
    but the outermost. Each vertex says how many of its neighbours are left out.

    :param most: the depth is reduced until no more vertices are shown, but not below 1.
    :raises KeyError: ``centre`` is no vertex.
    """
    found = _selected(whole, centre, depth)
    while len(found.vertices) > most and depth > 1:
        depth -= 1
        found = _selected(whole, centre, depth)
    return Neighbourhood(centre, depth, found)


def _selected(whole: Topology, centre: ResourceKey, depth: int) -> Topology:
    if centre not in whole.by_key:
        raise KeyError(centre)
    edges = set(_walked(centre, depth, _forward(whole)))
    edges.update(back := set(_walked(centre, depth, _backward(whole))))
    for edge in back:  # A weight means something only beside those of the other targets.
        if edge.source.kind is Kind.VIRTUAL_ROUTER:
            edges.update(whole.outgoing[edge.source])
    keys = {centre, *(end for edge in edges for end in (edge.source, edge.target))}
    return _part(whole, keys, edges)


_Steps = Callable[[ResourceKey], Iterable[tuple[Edge, ResourceKey]]]


def _forward(whole: Topology) -> _Steps:
    return lambda key: ((edge, edge.target) for edge in whole.outgoing.get(key, ()))


def _backward(whole: Topology) -> _Steps:
    return lambda key: ((edge, edge.source) for edge in whole.incoming.get(key, ()))


def _walked(centre: ResourceKey, depth: int, steps: _Steps) -> Iterator[Edge]:
    """Yield the edges on ways from the centre that cross at most ``depth`` calls."""
    crossed = {centre: 0}
    pending = deque([centre])
    while pending:
        key = pending.popleft()
        for edge, end in steps(key):
            calls = crossed[key] + edge.relation.is_call
            # The outermost are shown without what is inside them; the centre always with it.
            if calls > depth or (calls == crossed[key] == depth > 0):
                continue
            yield edge
            if calls < crossed.get(end, depth + 1):
                crossed[end] = calls
                # Edges inside a service come before calls, so that the least number counts.
                (pending.append if edge.relation.is_call else pending.appendleft)(end)


def _part(whole: Topology, keys: Iterable[ResourceKey], edges: Iterable[Edge]) -> Topology:
    kept = frozenset(edges)
    routes = {edge.route for edge in kept}
    vertices = (
        replace(
            vertex,
            # A gateway may route to hundreds of services.
            rows=tuple(r for r in vertex.rows if r.key in routes or vertex.kind is not _GATEWAY),
            hidden=len(set(_left_out(whole, vertex.key, kept))),
        )
        for vertex in map(whole.by_key.__getitem__, sorted(keys))
    )
    return Topology(tuple(vertices), tuple(sorted(kept, key=lambda edge: edge.identity)))


def _left_out(whole: Topology, key: ResourceKey, kept: frozenset[Edge]) -> Iterator[ResourceKey]:
    """Yield the callers and called services of a vertex that are not shown."""
    for edge in (*whole.outgoing.get(key, ()), *whole.incoming.get(key, ())):
        if edge.relation.is_call and edge not in kept:
            yield edge.source if edge.target == key else edge.target


def around(whole: Topology, centres: Iterable[ResourceKey]) -> Topology:
    """Return these vertices with everything inside their services, and their callers.

    For a comparison: what changed, in its nearest context.
    """
    edges: set[Edge] = set()
    keys = set(centres)
    for key in tuple(keys):
        edges.update(whole.outgoing.get(key, ()))
        edges.update(_walked(key, 1, _backward(whole)))
    for edge in tuple(edges):
        if edge.relation is Relation.TARGET:
            edges.update(whole.outgoing[edge.source])
    keys.update(end for edge in edges for end in (edge.source, edge.target))
    return _part(whole, keys, edges)
