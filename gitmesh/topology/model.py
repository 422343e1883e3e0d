"""A topology: vertices for resources, edges for the ways that requests take between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from mesh.keys import Kind, ResourceKey


class Mark(StrEnum):
    """State of a part in a comparison of two meshes."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Relation(StrEnum):
    """Reason why requests go from one resource to another."""

    GATEWAY_ROUTE = "gateway route"
    PROVIDER = "provider"
    TARGET = "target"
    BACKEND = "backend"

    @property
    def is_call(self) -> bool:
        """True between a caller and a virtual service, False inside a service."""
        return self in (Relation.GATEWAY_ROUTE, Relation.BACKEND)


@dataclass(frozen=True, slots=True)
class Row:
    """A route of a virtual router, or a gateway route of a virtual gateway."""

    key: ResourceKey
    match: str
    """Its match in short: ``GET /cart + header x-tester``."""
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True)
class Vertex:
    """A gateway, virtual service, virtual router or virtual node; or several that are alike."""

    key: ResourceKey
    rows: tuple[Row, ...] = ()
    """Its routes in matching order."""
    mark: Mark = Mark.SAME
    exists: bool = True
    """False for a resource that others refer to, but that no document declares."""
    inside: tuple[ResourceKey, ...] = ()
    """For a service that stands for all its parts: the virtual nodes that provide it."""
    group: tuple[ResourceKey, ...] = ()
    """For a group: its members, ``key`` being the first of them."""
    hidden: int = 0
    """Number of callers and called services that a neighbourhood leaves out."""

    @property
    def kind(self) -> Kind:
        """The kind of the resource."""
        return self.key.kind


@dataclass(frozen=True, slots=True)
class Weight:
    """Share of a route's requests for one target, in percent."""

    now: float | None
    """None if the target is removed."""
    before: float | None
    """In a comparison, the share before; elsewhere the same as ``now``."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Requests can go from ``source`` to ``target``."""

    source: ResourceKey
    target: ResourceKey
    relation: Relation
    route: ResourceKey | None = None
    """The row of ``source`` that sends them."""
    port: int | None = None
    """The port of ``target`` that the route names."""
    weight: Weight | None = None
    """Of targets of routes only."""
    mark: Mark = Mark.SAME

    @property
    def identity(self) -> tuple[ResourceKey, ResourceKey, Relation, str, int]:
        """Key of the edge, unique within a topology; edges are sorted by it."""
        route = "" if self.route is None else self.route.name
        return self.source, self.target, self.relation, route, self.port or 0


@dataclass(frozen=True)
class Topology:
    """Vertices sorted by key, and edges sorted by :attr:`Edge.identity` between them.

    Both ends of each edge are vertices.
    """

    vertices: tuple[Vertex, ...] = ()
    edges: tuple[Edge, ...] = ()
    by_key: Mapping[ResourceKey, Vertex] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {each.key: each for each in self.vertices})

    @cached_property
    def outgoing(self) -> Mapping[ResourceKey, tuple[Edge, ...]]:
        """Edges by source, for those that have any."""
        return _by((edge.source, edge) for edge in self.edges)

    @cached_property
    def incoming(self) -> Mapping[ResourceKey, tuple[Edge, ...]]:
        """Edges by target, for those that have any."""
        return _by((edge.target, edge) for edge in self.edges)

    @property
    def meshes(self) -> tuple[str, ...]:
        """Names of the meshes that have a vertex."""
        return tuple(sorted({each.key.mesh for each in self.vertices}))


def topology(vertices: Iterator[Vertex], edges: Iterator[Edge]) -> Topology:
    """Return a topology of these parts, sorted; of edges with one identity, the last counts."""
    unique = {edge.identity: edge for edge in edges}
    return Topology(
        tuple(sorted(vertices, key=lambda each: each.key)),
        tuple(unique[identity] for identity in sorted(unique)),
    )


def _by(pairs: Iterator[tuple[ResourceKey, Edge]]) -> Mapping[ResourceKey, tuple[Edge, ...]]:
    found: dict[ResourceKey, list[Edge]] = {}
    for key, edge in pairs:
        found.setdefault(key, []).append(edge)
    return {key: tuple(edges) for key, edges in found.items()}
