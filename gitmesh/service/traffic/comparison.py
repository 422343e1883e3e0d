"""Use case of ``gitmesh traffic --commit``: traffic before and after a commit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from events.opening import open_for_reading
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.service.traffic.reported import services_by_target
from gitmesh.traffic.figures import Figures, figures
from gitmesh.traffic.file import opened_for_reading
from gitmesh.traffic.reading import Interval, Traffic
from gitmesh.traffic.series import Series
from gitmesh.traffic.statistics import Estimate, difference
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from xds.reports.counts import Counts, total


@dataclass(frozen=True, slots=True)
class ComparedTarget:
    """A target before and after."""

    services: tuple[str, ...]
    target: str
    before: Figures
    after: Figures
    difference: Estimate | None
    """Of the shares of success, after less before; ``None`` if one of them is not known."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Traffic before and after a commit.

    A proxy's report counts as *after* if the proxy had acknowledged the commit during the whole
    report, and as *before* if it worked by another one.
    """

    commit: str
    before: Interval
    after: Interval
    targets: tuple[ComparedTarget, ...]


def compare(
    log: Path, commit: str, window_s: float, now_s: float, *, graph: MeshGraph | None = None
) -> Comparison:
    """Return the traffic of the targets that a commit's proxies call, before and after.

    :param commit: the whole id.
    :param window_s: length of both times at most; the second begins with the first report of a
        proxy with the commit.
    :param graph: the mesh, if the caller has read it.
    :raises UsageError: no proxy has reported traffic with the commit.
    :raises Retryable: the log or the file of traffic cannot be read now.
    """
    if graph is None:
        with open_for_reading(log) as opened:
            graph = logged_mesh(opened.state())
    led = services_by_target(graph)
    with opened_for_reading(log) as file:
        begun = file.first_of(commit)
        if begun is None:
            raise UsageError(
                f"no proxy has reported traffic with {commit[:7]}",
                hint="reports come every 10 s, and only from proxies with a bootstrap that has "
                "them: gitmesh bootstrap",
            )
        earlier, later = (
            Interval(begun - window_s, begun),
            Interval(begun, min(now_s, begun + window_s)),
        )
        before, after = file.read(*earlier), file.read(*later)
    old = _by_target(before, lambda series: series.commit not in ("", commit))
    new = _by_target(after, lambda series: series.commit == commit)
    targets = tuple(_compared(target, led, old, new) for target in sorted(old.keys() | new.keys()))
    return Comparison(commit, before.covered, after.covered, targets)


def _compared(
    target: str,
    led: dict[str, tuple[str, ...]],
    old: dict[str, Figures],
    new: dict[str, Figures],
) -> ComparedTarget:
    nothing = figures(Counts())
    before, after = old.get(target, nothing), new.get(target, nothing)
    changed = difference(before.success, after.success)
    return ComparedTarget(led.get(target, ()), target, before, after, changed)


def _by_target(traffic: Traffic, wanted: Callable[[Series], bool]) -> dict[str, Figures]:
    groups: dict[str, list[tuple[Series, Counts]]] = {}
    for series, counts in traffic.sums:
        if wanted(series):
            groups.setdefault(series.target, []).append((series, counts))
    return {target: _figures(members) for target, members in groups.items()}


def _figures(members: Iterable[tuple[Series, Counts]]) -> Figures:
    pairs = list(members)
    return figures(total(counts for _, counts in pairs), pairs[0][0].protocol)
