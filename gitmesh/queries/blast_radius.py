"""Blast radius of a mesh change: affected virtual services, their caller nodes, and connected
proxies.

Pure. The caller provides the numbers of connected proxies.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import parent_of
from mesh.keys import Kind, ResourceKey


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """Extent of a change."""

    services: tuple[ResourceKey, ...]
    """The virtual services whose routing changes, sorted."""
    nodes: tuple[ResourceKey, ...]
    """The virtual nodes and gateways whose proxies may get a new configuration, sorted."""
    of_services: int
    of_nodes: int
    """Total numbers of services and nodes after the change."""
    proxies: int | None = None
    """Number of connected proxies of these nodes; ``None`` if no server reports it."""

    def sentence(self) -> str:
        """Return the blast radius as text: ``affects 1 of 4 services, 2 of 6 nodes, 2 connected
        proxies``."""
        said = f"affects {_part(len(self.services), self.of_services, 'service')}, "
        said += _part(len(self.nodes), self.of_nodes, "node")
        if self.proxies is None:
            return said
        return f"{said}, {self.proxies:,} connected {'proxy' if self.proxies == 1 else 'proxies'}"


def blast_radius(
    before: MeshGraph,
    after: MeshGraph,
    changed: Iterable[ResourceKey],
    connected: Mapping[ResourceKey, int] | None = None,
) -> BlastRadius:
    """Return the blast radius of a change of these resources, before and after it.

    ``connected`` has the number of connected proxies of each node.
    """
    keys = set(changed)
    nodes = before.dependents(keys) | after.dependents(keys)
    services = {key for graph in (before, after) for key in _services(graph, keys)}
    proxies = None if connected is None else sum(connected.get(key, 0) for key in nodes)
    kinds = [key.kind for key in after.resources]
    return BlastRadius(
        tuple(sorted(services)),
        tuple(sorted(nodes)),
        kinds.count(Kind.VIRTUAL_SERVICE),
        kinds.count(Kind.VIRTUAL_NODE) + kinds.count(Kind.VIRTUAL_GATEWAY),
        proxies,
    )


def _services(graph: MeshGraph, keys: set[ResourceKey]) -> Iterator[ResourceKey]:
    """Yield the services whose routing involves one of these resources."""
    waiting, seen = list(keys), set(keys)
    while waiting:
        key = waiting.pop()
        if key.kind is Kind.VIRTUAL_SERVICE:
            if key in graph.resources:
                yield key
            continue
        parent = parent_of(key)
        above = [parent] if parent is not None else []
        if key.kind in _ANSWERING:
            above += [
                k for k in graph.referrers(key) if k.kind in _ANSWERING | {Kind.VIRTUAL_SERVICE}
            ]
        new = [k for k in above if k not in seen and k.kind is not Kind.MESH]
        seen.update(new)
        waiting += new


_ANSWERING = {Kind.VIRTUAL_NODE, Kind.VIRTUAL_ROUTER, Kind.ROUTE, Kind.SERVICE_INSTANCES}
"""Kinds of resources between a virtual service and the instances that answer it."""


def _part(some: int, every: int, noun: str) -> str:
    return f"{some:,} of {every:,} {noun}{'' if every == 1 else 's'}"
