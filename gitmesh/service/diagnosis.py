"""Use case of ``gitmesh doctor``: problems in the log and in traffic, and the next steps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from events.opening import has_writer, open_for_reading
from events.types import Chain, CommitId, Seq
from gitmesh.diagnosis.delivery import delivery_findings
from gitmesh.diagnosis.finding import Finding
from gitmesh.diagnosis.traffic import reporting_findings, traffic_findings
from gitmesh.language import ENGLISH, Words
from gitmesh.queries.commit_status import commit_status
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.service.traffic.reported import Reported, reported, service_targets
from gitmesh.traffic.figures import Figures
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey

WINDOW_S: Final = 900.0
"""Time whose traffic is looked at."""
REPORTS_WITHIN_S: Final = 60.0
"""Proxies report every ten seconds; one that is connected for longer should have reported."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Problems, what is worse first, and what was looked at."""

    findings: tuple[Finding, ...]
    commit: CommitId | None
    """The commit that is served; None if none ever was."""
    proxies: int
    """Connected proxies."""
    requests: int
    """Reported requests in the window, by proxies with the served commit."""
    window_s: float


def diagnose(
    log: Path,
    repo: Path,
    now: datetime | None = None,
    window_s: float = WINDOW_S,
    words: Words = ENGLISH,
    meshes: Callable[[Seq], MeshGraph] | None = None,
) -> Diagnosis:
    """Look for problems.

    Traffic counts only as far as proxies had the commit that is served, because the weights before
    it were others.

    :param words: the language of messages.
    :param meshes: returns the mesh after an event, where somebody has read it already.
    :raises Retryable: the log cannot be read now.
    """
    now = now or datetime.now(UTC)
    runs = has_writer(log)
    with open_for_reading(log) as opened:
        newest = opened.newest_commit()
        if newest is None:
            return Diagnosis((), None, 0, 0, window_s)
        tip = commit_status(opened, newest, repo)
        served = tip if tip.served is None else commit_status(opened, tip.served, repo)
        seq = opened.seq_of_commit(served.commit) or opened.head(Chain.MESH).seq
        graph = logged_mesh(opened.state(seq)) if meshes is None else meshes(seq)
    found = list(delivery_findings(tip, served, now=now, server_runs=runs, words=words))
    until = now.timestamp()
    traffic = reported(log, until - window_s, until, commit=served.commit, graph=graph)
    services = {
        key: service_targets(graph, key)
        for key in graph.resources
        if key.kind is Kind.VIRTUAL_SERVICE
    }
    targets = _by_target(traffic)
    found += traffic_findings(graph, services, targets, words)
    if runs:
        found += reporting_findings(_silent(log, until, graph), words)
    proxies = sum(node.states.total() for node in served.nodes) if runs is not False else 0
    requests = sum(each.answered.number for each in targets.values())
    ordered = tuple(sorted(found, key=lambda each: each.rank))
    return Diagnosis(ordered, served.commit, proxies, requests, window_s)


def _by_target(traffic: Reported) -> dict[ResourceKey, Figures]:
    """Return the figures of each target; of several listeners, those of the busiest."""
    found: dict[ResourceKey, Figures] = {}
    for row in traffic.rows:
        key = ResourceKey.parse(row.target)
        known = found.get(key)
        if known is None or known.answered.number < row.figures.answered.number:
            found[key] = row.figures
    return found


def _silent(log: Path, until: float, graph: MeshGraph) -> list[tuple[str, int]]:
    """Return the nodes whose connected proxies reported nothing lately."""
    lately = reported(log, until - REPORTS_WITHIN_S, until, graph=graph)
    known = {each.node: each for each in lately.reporting}
    return [
        (node, each.connected)
        for node, each in known.items()
        if each.connected and not each.reported
    ]
