"""Problems between a commit and the proxies. Pure."""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from events.types import CommitRejected, ProxyState
from gitmesh.diagnosis.finding import Finding, Severity
from gitmesh.queries.commit_status import CommitStatus, NodeStatus
from mesh.canonical import JsonObject

_PLACES: Final = 3
"""Problems of a commit that are named."""
_BEHIND: Final = (ProxyState.BEHIND, ProxyState.HELD)


def delivery_findings(
    newest: CommitStatus, served: CommitStatus, *, now: datetime, server_runs: bool | None
) -> Iterator[Finding]:
    """Yield what prevents the newest commit from being in force.

    :param newest: the branch's newest commit.
    :param served: the commit that is served; the same one, if all is well.
    """
    if server_runs is False:
        yield Finding(
            "no-server",
            Severity.ERROR,
            newest.commit[:7],
            "no server is running: proxies keep what they have, and new ones get nothing",
            next_step="gitmesh serve",
        )
    if isinstance(newest.about, CommitRejected):
        places = tuple(map(_place, newest.about.problems[:_PLACES]))
        yield Finding(
            "commit-refused",
            Severity.ERROR,
            newest.commit[:7],
            "the newest commit is refused; the last valid one is served",
            places,
            f"gitmesh show {newest.commit[:7]}",
        )
    for at, event in newest.degraded:
        yield Finding(
            "source-degraded",
            Severity.ERROR,
            event.reason,
            event.message,
            (f"since {at}",),
            "gitmesh log --kind SourceDegraded",
        )
    for at, worker in newest.unresponsive:
        yield Finding(
            "worker-unresponsive",
            Severity.ERROR,
            f"worker {worker.worker}",
            f"worker {worker.worker} does not answer; its {worker.proxies} proxies keep what they "
            "have",
            (f"since {at}", f"process {worker.process}"),
            "gitmesh status",
        )
    yield from _pin(newest, now)
    for node in served.nodes:
        yield from _node(node)


def _pin(status: CommitStatus, now: datetime) -> Iterator[Finding]:
    pin = status.pin
    if pin is None or status.pin_is_over:
        return
    newer = status.newest is not None and status.newest != pin.commit
    left = datetime.fromisoformat(pin.until) - now
    yield Finding(
        "pinned",
        Severity.WARNING if newer else Severity.NOTE,
        pin.commit[:7],
        f"serving is pinned to {pin.commit[:7]}"
        + (f", and {(status.newest or '')[:7]} waits" if newer else ""),
        (f"by {pin.by}: {pin.reason}", f"for {_words(left)} more, until {pin.until}"),
        "gitmesh unpin",
    )


def _node(node: NodeStatus) -> Iterator[Finding]:
    proxies = node.states.total()
    if node.refuses:
        refused = node.refusals[0] if node.refusals else None
        words = () if refused is None else (refused.event.message,)
        where = () if refused is None else tuple(each.place for each in refused.locations)
        yield Finding(
            "proxy-refuses",
            Severity.ERROR,
            node.node,
            f"proxies of {node.node} refuse their configuration, and keep the one before",
            (*words, *where),
            f"gitmesh proxies --node {shlex.quote(node.node)}",
        )
    elif behind := sum(node.states[state] for state in _BEHIND):
        yield Finding(
            "proxy-behind",
            Severity.WARNING,
            node.node,
            f"{behind} of {proxies} proxies of {node.node} do not have what is served",
            (),
            f"gitmesh proxies --node {shlex.quote(node.node)}",
        )
    if gone := node.states[ProxyState.NODE_REMOVED]:
        yield Finding(
            "node-removed",
            Severity.WARNING,
            node.node,
            f"{gone} proxies of {node.node} are connected, but the mesh does not have it any more",
            (),
            f"gitmesh blame {shlex.quote(node.node)}",
        )


def _place(problem: JsonObject) -> str:
    line = f":{problem['line']}" if problem.get("line") else ""
    return f"{problem.get('path') or 'repository'}{line}: {problem.get('message')}"


def _words(left: timedelta) -> str:
    minutes = max(0, round(left.total_seconds() / 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
