"""The mesh that a page shows: at a moment, around one resource, and compared with another."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitmesh.access.visibility import visible_graph
from gitmesh.console.visit import Visit
from gitmesh.service.changes.difference import Difference, difference
from gitmesh.service.history.served_state import ServedState, served_state
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import parent_of, references
from mesh.keys import Kind, ResourceKey


@dataclass(frozen=True, slots=True)
class Relations:
    """Resources that one uses, and those that use it, sorted."""

    uses: tuple[ResourceKey, ...]
    used_by: tuple[ResourceKey, ...]
    inside: tuple[ResourceKey, ...]
    """Its routes, in matching order."""


def shown_state(visit: Visit, moment: str | None) -> ServedState:
    """Return the mesh that was served at a moment; now without one.

    A position between two changes of a commit leads to the end of that commit, because the mesh
    between them was never served.

    :raises UsageError: there is no such moment.
    """
    log, repo, meshes = visit.served.log, visit.served.repo, visit.served.meshes
    found = served_state(log, repo, moment, meshes.state)
    if (within := found.within) is not None:
        end = found.state.seq + within.of - within.changes
        found = served_state(log, repo, str(end), meshes.state)
    return found


def graph_at(visit: Visit) -> MeshGraph:
    """Return the mesh that a page shows: of the branch's tip, or that of a moment of the log.

    :raises UsageError: there is no such moment.
    """
    permission = visit.caller.permission
    if visit.at is None:
        return visible_graph(visit.served.changes.present().graph, permission)
    seq = shown_state(visit, visit.at).state.seq
    return visible_graph(visit.served.meshes.graph(seq), permission)


def visible_difference(visit: Visit, before: MeshGraph, after: MeshGraph) -> Difference:
    """Return the changes between two meshes, and their blast radius, as far as the visitor may
    read the resources."""
    old, new = (visible_graph(graph, visit.caller.permission) for graph in (before, after))
    return difference(old, new, connected(visit))


def connected(visit: Visit) -> Mapping[ResourceKey, int]:
    """Return the number of connected proxies of each node that may be read."""
    nodes = visit.served.log.connected_nodes().items()
    counts = {ResourceKey.parse(node): number for node, number in nodes}
    return {key: n for key, n in counts.items() if visit.caller.permission.may_read(key)}


def relations(graph: MeshGraph, key: ResourceKey) -> Relations:
    """Return what a resource uses, and what uses it."""
    found = graph.get(key)
    used = set() if found is None else set(references(found))
    parent = parent_of(key)
    inside = graph.gateway_routes(key) if key.kind is Kind.VIRTUAL_GATEWAY else graph.routes(key)
    return Relations(
        tuple(sorted(used | ({parent} if parent else set()))),
        tuple(sorted(graph.referrers(key))),
        tuple(each.key for each in inside),
    )


def configured_nodes(graph: MeshGraph, key: ResourceKey) -> tuple[ResourceKey, ...]:
    """Return the nodes whose proxies a resource configures; itself first."""
    if key.kind is Kind.MESH:
        return ()
    found = sorted(graph.dependents({key}), key=lambda node: (node != key, node))
    return tuple(node for node in found if graph.get(node) is not None)
