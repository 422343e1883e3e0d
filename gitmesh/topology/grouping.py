"""Vertices that are alike, drawn as one: 57 callers of a service become one box."""

from collections.abc import Iterable
from dataclasses import replace

from gitmesh.topology.model import Edge, Mark, Relation, Topology, Vertex, topology
from mesh.keys import Kind, ResourceKey

FEWEST = 5
"""Fewer vertices than this are drawn one by one."""


def grouped(whole: Topology, apart: Iterable[ResourceKey] = (), fewest: int = FEWEST) -> Topology:
    """Return a topology in which vertices with the same neighbours are one vertex.

    Only virtual nodes and virtual services of one mesh form groups, and nothing that has a mark, a
    weight or a row, or is one of ``apart``.
    """
    alone = frozenset(apart)
    alike: dict[object, list[Vertex]] = {}
    for vertex in whole.vertices:
        if vertex.key not in alone and _may_join(whole, vertex):
            alike.setdefault(_neighbours(whole, vertex), []).append(vertex)
    groups = [found for found in alike.values() if len(found) >= fewest]
    leader = {member.key: found[0].key for found in groups for member in found}
    members = {found[0].key: tuple(member.key for member in found) for found in groups}
    vertices = (
        replace(vertex, group=members.get(vertex.key, ()), hidden=_hidden(vertex, members))
        for vertex in whole.vertices
        if leader.get(vertex.key, vertex.key) == vertex.key
    )
    edges = (
        replace(
            edge,
            source=leader.get(edge.source, edge.source),
            target=leader.get(edge.target, edge.target),
        )
        for edge in whole.edges
    )
    return topology(vertices, edges)


def _hidden(vertex: Vertex, members: dict[ResourceKey, tuple[ResourceKey, ...]]) -> int:
    return 0 if vertex.key in members else vertex.hidden


def _may_join(whole: Topology, vertex: Vertex) -> bool:
    if vertex.kind not in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_SERVICE):
        return False
    if vertex.mark is not Mark.SAME or not vertex.exists:
        return False
    return all(_is_plain(edge) for edge in _edges(whole, vertex.key))


def _is_plain(edge: Edge) -> bool:
    return edge.mark is Mark.SAME and edge.route is None and edge.relation is not Relation.TARGET


def _edges(whole: Topology, key: ResourceKey) -> tuple[Edge, ...]:
    return (*whole.incoming.get(key, ()), *whole.outgoing.get(key, ()))


def _neighbours(whole: Topology, vertex: Vertex) -> object:
    callers = frozenset(edge.source for edge in whole.incoming.get(vertex.key, ()))
    called = frozenset(edge.target for edge in whole.outgoing.get(vertex.key, ()))
    return vertex.key.mesh, vertex.kind, callers, called
