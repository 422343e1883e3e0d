"""One topology of two meshes, with marks of what differs."""

from dataclasses import replace

from gitmesh.topology.mesh_topology import mesh_topology
from gitmesh.topology.model import Edge, Mark, Row, Topology, Vertex, Weight, topology
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey


def compared(before: MeshGraph, after: MeshGraph) -> Topology:
    """Return what is in either mesh, each part with its :class:`Mark`.

    A vertex or a row is changed if its own spec differs; an edge, if its weight does. Removed rows
    come after those that exist.
    """
    old, new = mesh_topology(before), mesh_topology(after)
    changed = frozenset(
        key
        for key, resource in after.resources.items()
        if key in before.resources and before.resources[key].spec != resource.spec
    )
    keys = old.by_key.keys() | new.by_key.keys()
    vertices = (_vertex(old.by_key.get(key), new.by_key.get(key), changed) for key in keys)
    past = {edge.identity: edge for edge in old.edges}
    present = {edge.identity: edge for edge in new.edges}
    edges = (_edge(past.get(each), present.get(each)) for each in past.keys() | present.keys())
    return topology(vertices, edges)


def differing(whole: Topology) -> frozenset[ResourceKey]:
    """Return the vertices with a change: of themselves, of a row, or of an edge from them."""
    found = {
        each.key
        for each in whole.vertices
        if each.mark is not Mark.SAME or any(row.mark is not Mark.SAME for row in each.rows)
    }
    found.update(edge.source for edge in whole.edges if edge.mark is not Mark.SAME)
    return frozenset(found)


def _vertex(old: Vertex | None, new: Vertex | None, changed: frozenset[ResourceKey]) -> Vertex:
    there = old is not None and old.exists, new is not None and new.exists
    either = new or old
    assert either is not None  # noqa: S101 -- it is a key of one of them
    before, after = (() if each is None else each.rows for each in (old, new))
    return replace(
        either,
        rows=_rows(before, after, changed),
        mark=_mark(*there, differs=either.key in changed),
        exists=any(there),
    )


def _rows(
    before: tuple[Row, ...], after: tuple[Row, ...], changed: frozenset[ResourceKey]
) -> tuple[Row, ...]:
    old, new = ({row.key for row in rows} for rows in (before, after))
    kept = (replace(r, mark=_mark(r.key in old, True, differs=r.key in changed)) for r in after)
    gone = (replace(row, mark=Mark.REMOVED) for row in before if row.key not in new)
    return (*kept, *gone)


def _edge(old: Edge | None, new: Edge | None) -> Edge:
    edge = new or old
    assert edge is not None  # noqa: S101 -- it is of one of them
    past, present = (None if each is None else each.weight for each in (old, new))
    if past is None and present is None:
        return replace(edge, mark=_mark(old is not None, new is not None, differs=False))
    weight = Weight(None if present is None else present.now, None if past is None else past.now)
    mark = _mark(old is not None, new is not None, differs=weight.now != weight.before)
    return replace(edge, weight=weight, mark=mark)


def _mark(before: bool, after: bool, *, differs: bool) -> Mark:
    if before and after:
        return Mark.CHANGED if differs else Mark.SAME
    if after:
        return Mark.ADDED
    return Mark.REMOVED if before else Mark.SAME
