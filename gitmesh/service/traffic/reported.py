"""Use cases of ``gitmesh top``, ``traffic`` and ``who-calls``: traffic by service and target."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.opening import open_for_reading
from gitmesh.queries.connected_proxies import connected_proxies
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.traffic.figures import Figures, figures
from gitmesh.traffic.file import opened_for_reading, traffic_path
from gitmesh.traffic.reading import Interval, Traffic
from gitmesh.traffic.series import Series
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import provider, usable_targets
from mesh.keys import Kind, ResourceKey
from mesh.problems.suggestion import did_you_mean
from mesh.spec import RouteSpec
from xds.reports.counts import Counts, total

WRITTEN_WITHIN_S: Final = 5.0
"""Maximum time after which a running server has written what was reported."""
NOTHING: Final = Traffic(Interval(0, 0), 60, (), (), ())


@dataclass(frozen=True, slots=True)
class Row:
    """Traffic of one target, or of one caller of it."""

    services: tuple[str, ...]
    """Virtual services that lead to the target; with several, it is not known which was called."""
    target: str
    caller: str | None
    """``None`` for the sum over all callers."""
    protocol: str
    port: int
    commits: tuple[str, ...]
    """Commits by which the callers' proxies worked."""
    figures: Figures


@dataclass(frozen=True, slots=True)
class Reporting:
    """How many of a caller's proxies reported."""

    node: str
    reported: int
    connected: int | None
    """``None`` if no server runs, or if it is not known."""


@dataclass(frozen=True, slots=True)
class Reported:
    """Traffic of a time."""

    asked: Interval
    covered: Interval
    rows: tuple[Row, ...]
    reporting: tuple[Reporting, ...]
    gaps: tuple[Interval, ...]

    @property
    def seconds(self) -> float:
        """Return the length of the time in which reports were kept."""
        missing = sum(gap.to_s - gap.from_s for gap in self.gaps)
        return max(0.0, min(self.covered.to_s, self.asked.to_s) - self.covered.from_s - missing)


def reported(
    log: Path,
    from_s: float,
    to_s: float,
    *,
    service: str | None = None,
    by_caller: bool = False,
    commit: str | None = None,
    graph: MeshGraph | None = None,
) -> Reported:
    """Return the traffic of a time, by target, and by caller if wanted.

    :param service: only targets of this virtual service.
    :param graph: the mesh, if the caller has read it.
    :raises UsageError: the mesh has no such service.
    :raises Retryable: the log or the file of traffic cannot be read now.
    """
    if graph is None:
        with open_for_reading(log) as opened:
            graph = logged_mesh(opened.state())
    asked = Interval(from_s, to_s)
    led = services_by_target(graph)
    wanted = None if service is None else _targets_of(led, graph, service)
    traffic = NOTHING._replace(covered=asked, gaps=(asked,))
    if traffic_path(log).exists():
        with opened_for_reading(log) as file:
            traffic = file.read(from_s, to_s)
    kept = [
        (series, counts)
        for series, counts in traffic.sums
        if (wanted is None or series.target in wanted) and commit in (None, series.commit)
    ]
    rows = tuple(_rows(kept, led, by_caller=by_caller))
    gaps = tuple(_ended(traffic.gaps, to_s - WRITTEN_WITHIN_S))
    return Reported(asked, traffic.covered, rows, _reporting(traffic, log), gaps)


def _ended(gaps: Iterable[Interval], by_s: float) -> Iterable[Interval]:
    """Yield gaps up to a moment: what came after it may not be written yet."""
    for gap in gaps:
        if gap.from_s < by_s:
            yield Interval(gap.from_s, min(gap.to_s, by_s))


def _rows(
    sums: Iterable[tuple[Series, Counts]], led: dict[str, tuple[str, ...]], *, by_caller: bool
) -> Iterable[Row]:
    groups: dict[tuple[str, str, str, int], list[tuple[Series, Counts]]] = {}
    for series, counts in sums:
        caller = series.caller if by_caller else ""
        group = (series.target, caller, series.protocol, series.port)
        groups.setdefault(group, []).append((series, counts))
    for (target, caller, protocol, port), members in sorted(groups.items()):
        yield Row(
            led.get(target, ()),
            target,
            caller or None,
            protocol,
            port,
            tuple(sorted({series.commit for series, _ in members} - {""})),
            figures(total(counts for _, counts in members), protocol),
        )


def _reporting(traffic: Traffic, log: Path) -> tuple[Reporting, ...]:
    known = connected_proxies(log)
    nodes = {reporter.node for reporter in traffic.reporters}
    nodes |= {str(key) for key in known or ()}
    return tuple(
        Reporting(
            node,
            max(traffic.reporting(node), traffic.reporting(node, "load")),
            None if known is None else known.get(ResourceKey.parse(node), 0),
        )
        for node in sorted(nodes)
    )


def services_by_target(graph: MeshGraph) -> dict[str, tuple[str, ...]]:
    """Return the services that lead to each virtual node, by the node's key."""
    found: dict[str, set[str]] = {}
    for key in graph.resources:
        if key.kind is Kind.VIRTUAL_SERVICE:
            for node in service_targets(graph, key):
                found.setdefault(str(node), set()).add(key.name)
    return {node: tuple(sorted(services)) for node, services in found.items()}


def service_targets(graph: MeshGraph, service: ResourceKey) -> frozenset[ResourceKey]:
    """Return the virtual nodes that requests for a service may reach."""
    by = provider(graph, service)
    if by is None:
        return frozenset()
    if by.key.kind is Kind.VIRTUAL_NODE:
        return frozenset({by.key})
    specs = (route.spec for route in graph.routes(by.key))
    return frozenset(
        ResourceKey.of(Kind.VIRTUAL_NODE, service.mesh, target.virtual_node)
        for spec in specs
        if isinstance(spec, RouteSpec)
        for target in usable_targets(graph, service.mesh, spec)
    )


def _targets_of(led: dict[str, tuple[str, ...]], graph: MeshGraph, service: str) -> frozenset[str]:
    names = {key.name for key in graph.resources if key.kind is Kind.VIRTUAL_SERVICE}
    fitting = {each for each in names if each == service} or {
        each for each in names if each.startswith(f"{service}.")
    }
    if len(fitting) != 1:
        raise UsageError(
            f"there is no virtual service {service!r} in the mesh"
            if not fitting
            else f"{service!r} fits {len(fitting)} virtual services",
            hint=did_you_mean(service, names) or "see: gitmesh graph -o text",
        )
    (name,) = fitting
    return frozenset(node for node, services in led.items() if name in services)
