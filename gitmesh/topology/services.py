"""A topology collapsed by service: who calls which virtual service."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gitmesh.topology.model import Edge, Mark, Relation, Topology, Vertex, topology
from mesh.keys import Kind, ResourceKey

_INSIDE = (Kind.VIRTUAL_ROUTER, Kind.VIRTUAL_NODE)


def by_service(whole: Topology) -> Topology:
    """Return each virtual service as one vertex that stands for its router and nodes.

    Gateways stay, and so do nodes and routers that no service leads to. A node of several services
    is part of each. A service is changed if any of its parts is.
    """
    parts = {
        vertex.key: _parts(whole, vertex.key)
        for vertex in whole.vertices
        if vertex.kind is Kind.VIRTUAL_SERVICE
    }
    owners: dict[ResourceKey, list[ResourceKey]] = {}
    for service, edges in parts.items():
        for part in {edge.target for edge in edges}:
            owners.setdefault(part, []).append(service)
    vertices = (
        _service(whole, vertex, parts.get(vertex.key, ()))
        for vertex in whole.vertices
        if vertex.key not in owners
    )
    return topology(vertices, _edges(whole, owners))


def _parts(whole: Topology, service: ResourceKey) -> tuple[Edge, ...]:
    """Return the edges inside a service."""
    found: list[Edge] = []
    pending, seen = [service], {service}
    while pending:
        for edge in whole.outgoing.get(pending.pop(), ()):
            if edge.relation.is_call:
                continue
            found.append(edge)
            if edge.target not in seen:
                seen.add(edge.target)
                pending.append(edge.target)
    return tuple(found)


def _service(whole: Topology, vertex: Vertex, edges: tuple[Edge, ...]) -> Vertex:
    if vertex.kind is not Kind.VIRTUAL_SERVICE:
        return vertex
    inside = sorted({edge.target for edge in edges})
    marks = [edge.mark for edge in edges] + [whole.by_key[key].mark for key in inside]
    marks += [row.mark for key in inside for row in whole.by_key[key].rows]
    mark = vertex.mark
    if mark is Mark.SAME and any(each is not Mark.SAME for each in marks):
        mark = Mark.CHANGED
    nodes = tuple(key for key in inside if key.kind is Kind.VIRTUAL_NODE)
    return replace(vertex, inside=nodes, mark=mark)


def _edges(whole: Topology, owners: Mapping[ResourceKey, list[ResourceKey]]) -> Iterator[Edge]:
    """Yield the calls, from the services that the callers are part of.

    A call of several nodes of a service has a mark only if all of them have it.
    """
    found: dict[tuple[object, ...], Edge] = {}
    for edge in whole.edges:
        if not edge.relation.is_call and edge.source in owners:
            continue
        if edge.relation is Relation.PROVIDER:
            continue
        for source in owners.get(edge.source, [edge.source]):
            for target in owners.get(edge.target, [edge.target]):
                each = replace(edge, source=source, target=target)
                earlier = found.get(each.identity)
                if earlier is not None and earlier.mark is not each.mark:
                    each = replace(each, mark=Mark.SAME)
                found[each.identity] = each
    yield from found.values()
