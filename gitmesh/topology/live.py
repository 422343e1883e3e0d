"""Observed traffic on edges, beside the configured weights. Pure.

Proxies count by caller and target node, not by service or route. So an edge has figures only where
they follow from these counts: a node with several routers, or a node that a caller reaches through
several services, has none rather than wrong ones.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gitmesh.topology.model import Edge, Relation, Topology, Vertex
from gitmesh.traffic.figures import answered
from gitmesh.traffic.series import Series
from mesh.keys import Kind, ResourceKey
from xds.reports.counts import Counts

EdgeIdentity = tuple[ResourceKey, ResourceKey, Relation, str, int]
"""As :attr:`gitmesh.topology.model.Edge.identity`."""
FAILING: Final = 0.01
"""Share of failed requests from which an edge is shown as failing."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Traffic on one edge in a time."""

    requests_per_second: float
    errors_per_second: float
    """Failed requests per second; ``requests_per_second`` includes them."""

    @property
    def failing_share(self) -> float:
        """The share of requests that failed, 0 to 1."""
        return self.errors_per_second / self.requests_per_second if self.requests_per_second else 0

    @property
    def is_failing(self) -> bool:
        """True if so many requests fail that somebody should look."""
        return self.failing_share >= FAILING

    @property
    def text(self) -> str:
        """The rate in short, with the share that failed if it is large: ``120/s ✗ 2 %``."""
        failed = f" ✗ {_short(100 * self.failing_share)} %" if self.is_failing else ""
        return f"{_short(self.requests_per_second)}/s{failed}"


def together(parts: Iterable[Observed]) -> Observed:
    """Return the traffic of several edges."""
    each = list(parts)
    return Observed(
        sum(part.requests_per_second for part in each),
        sum(part.errors_per_second for part in each),
    )


class _Sums:
    """Requests, and those that failed, by caller and target."""

    def __init__(self, sums: Iterable[tuple[Series, Counts]]) -> None:
        self._found: dict[tuple[str, str], tuple[int, int]] = {}
        self._callers: dict[str, set[str]] = {}
        for series, counts in sums:
            more = answered(counts, series.protocol)
            number, failed = self._found.get((series.caller, series.target), (0, 0))
            pair = series.caller, series.target
            self._found[pair] = number + more.number, failed + more.failed
            self._callers.setdefault(series.target, set()).add(series.caller)

    def between(
        self, callers: Collection[ResourceKey] | None, targets: Collection[ResourceKey]
    ) -> tuple[int, int]:
        """Return the sums from these callers, or from all, to these targets."""
        number = failed = 0
        for target in map(str, targets):
            known = self._callers.get(target, set())
            for caller in known if callers is None else known & set(map(str, callers)):
                more = self._found[caller, target]
                number, failed = number + more[0], failed + more[1]
        return number, failed


def observed_edges(
    shown: Topology, whole: Topology, sums: Iterable[tuple[Series, Counts]], seconds: float
) -> Mapping[EdgeIdentity, Observed]:
    """Return the traffic on the edges that are shown, for those where it is known.

    Of the edges between two vertices, that of the route which is tried last has the sum of all.

    :param whole: the mesh of which ``shown`` is a part.
    :param sums: what proxies reported in a time.
    :param seconds: the length of that time.
    """
    found, targets = _Sums(sums), _targets_by_service(whole)
    led = Counter(node for nodes in targets.values() for node in nodes)
    shared = frozenset(node for node, services in led.items() if services > 1)
    seen = dict[EdgeIdentity, Observed]()
    for edges in _parallel(shown):
        edge = max(edges, key=lambda each: _place(each, shown))
        ends = _ends(edge, shown, whole, targets, shared)
        if ends is None or seconds <= 0:
            continue
        number, failed = found.between(*ends)
        if number:
            seen[edge.identity] = Observed(number / seconds, failed / seconds)
    return seen


def _parallel(shown: Topology) -> Iterator[list[Edge]]:
    groups: dict[tuple[ResourceKey, ResourceKey, Relation], list[Edge]] = {}
    for edge in shown.edges:
        groups.setdefault((edge.source, edge.target, edge.relation), []).append(edge)
    yield from groups.values()


def _place(edge: Edge, shown: Topology) -> int:
    """Return the place of an edge's route in matching order."""
    rows = [row.key for row in shown.by_key[edge.source].rows]
    return rows.index(edge.route) if edge.route in rows else -1


def _ends(
    edge: Edge,
    shown: Topology,
    whole: Topology,
    targets: Mapping[ResourceKey, frozenset[ResourceKey]],
    shared: frozenset[ResourceKey],
) -> tuple[Collection[ResourceKey] | None, Collection[ResourceKey]] | None:
    """Return the callers (None for all) and the targets whose traffic is that of an edge, if it can
    be told.

    :param shared: nodes to which several services lead.
    """
    source, target = shown.by_key[edge.source], shown.by_key[edge.target]
    if edge.relation is Relation.TARGET:
        members = target.group or (target.key,)
        sources = {each.source for node in members for each in whole.incoming.get(node, ())}
        return (None, members) if sources == {edge.source} else None
    if edge.relation is Relation.PROVIDER:
        nodes = targets.get(edge.source, frozenset())
        return None if nodes & shared else (None, nodes)
    return _called(_members(source), target.group or (target.key,), whole, targets)


def _called(
    callers: Collection[ResourceKey],
    services: Collection[ResourceKey],
    whole: Topology,
    targets: Mapping[ResourceKey, frozenset[ResourceKey]],
) -> tuple[Collection[ResourceKey], Collection[ResourceKey]] | None:
    """Return callers and the nodes of services, unless they reach these by other services, too."""
    nodes = frozenset(node for each in services for node in targets.get(each, ()))
    called = {
        each.target
        for caller in callers
        for each in whole.outgoing.get(caller, ())
        if each.relation.is_call
    }
    others = called.difference(services)
    return (
        None if any(nodes & targets.get(each, frozenset()) for each in others) else (callers, nodes)
    )


def _members(vertex: Vertex) -> tuple[ResourceKey, ...]:
    """Return the nodes and gateways that a vertex stands for."""
    return vertex.inside or vertex.group or (vertex.key,)


def _targets_by_service(whole: Topology) -> Mapping[ResourceKey, frozenset[ResourceKey]]:
    """Return the virtual nodes that a virtual service leads to."""
    return {
        vertex.key: frozenset(_nodes_of(vertex.key, whole))
        for vertex in whole.vertices
        if vertex.kind is Kind.VIRTUAL_SERVICE
    }


def _nodes_of(key: ResourceKey, whole: Topology) -> Iterator[ResourceKey]:
    for edge in whole.outgoing.get(key, ()):
        if edge.relation.is_call:
            continue
        if edge.target.kind is Kind.VIRTUAL_NODE:
            yield edge.target
        else:
            yield from _nodes_of(edge.target, whole)


def _short(number: float) -> str:
    """Return a number with two or three digits that count, and whole above a hundred."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number >= 10 else f"{number:.2g}"
