"""Problems between a commit and the proxies. Pure."""

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from events.types import CommitRejected, ProxyState
from gitmesh.diagnosis.finding import Finding, Severity
from gitmesh.language import ENGLISH, Words
from gitmesh.queries.commit_status import CommitStatus, NodeStatus
from mesh.canonical import JsonObject

_PLACES: Final = 3
"""Problems of a commit that are named."""
_BEHIND: Final = (ProxyState.BEHIND, ProxyState.HELD)


def delivery_findings(
    newest: CommitStatus,
    served: CommitStatus,
    *,
    now: datetime,
    server_runs: bool | None,
    words: Words = ENGLISH,
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
            words._("no server is running: proxies keep what they have, and new ones get nothing"),
            next_step="gitmesh serve",
        )
    if isinstance(newest.about, CommitRejected):
        places = tuple(map(_place, newest.about.problems[:_PLACES]))
        yield Finding(
            "commit-refused",
            Severity.ERROR,
            newest.commit[:7],
            words._("the newest commit is refused; the last valid one is served"),
            places,
            f"gitmesh show {newest.commit[:7]}",
        )
    for at, event in newest.degraded:
        yield Finding(
            "source-degraded",
            Severity.ERROR,
            event.reason,
            event.message,
            (words._("since {time}").format(time=at),),
            "gitmesh log --kind SourceDegraded",
        )
    for at, worker in newest.unresponsive:
        yield Finding(
            "worker-unresponsive",
            Severity.ERROR,
            f"worker {worker.worker}",
            words._(
                "worker {worker} does not answer; its {proxies} proxies keep what they have"
            ).format(worker=worker.worker, proxies=worker.proxies),
            (words._("since {time}").format(time=at),),
            "gitmesh status",
        )
    yield from _pin(newest, now, words)
    for node in served.nodes:
        yield from _node(node, words)


def _pin(status: CommitStatus, now: datetime, words: Words) -> Iterator[Finding]:
    pin = status.pin
    if pin is None or status.pin_is_over:
        return
    waiting = status.newest if status.newest != pin.commit else None
    said = words._("serving is pinned to {commit}")
    if waiting is not None:
        said = words._("serving is pinned to {commit}, and {newer} waits")
    left = datetime.fromisoformat(pin.until) - now
    until = words._("for {minutes} more minutes, until {time}")
    yield Finding(
        "pinned",
        Severity.NOTE if waiting is None else Severity.WARNING,
        pin.commit[:7],
        said.format(commit=pin.commit[:7], newer=(waiting or "")[:7]),
        (
            words._("by {user}: {reason}").format(user=pin.by, reason=pin.reason),
            until.format(minutes=max(0, round(left.total_seconds() / 60)), time=pin.until),
        ),
        "gitmesh unpin",
    )


def _node(node: NodeStatus, words: Words) -> Iterator[Finding]:
    proxies = node.states.total()
    if node.refuses:
        refused = node.refusals[0] if node.refusals else None
        told = () if refused is None else (refused.event.message,)
        where = () if refused is None else tuple(each.place for each in refused.locations)
        yield Finding(
            "proxy-refuses",
            Severity.ERROR,
            node.node,
            words._("proxies of {node} refuse their configuration, and keep the one before").format(
                node=node.node
            ),
            (*told, *where),
            f"gitmesh proxies --node {shlex.quote(node.node)}",
        )
    elif behind := sum(node.states[state] for state in _BEHIND):
        yield Finding(
            "proxy-behind",
            Severity.WARNING,
            node.node,
            words._("{behind} of {proxies} proxies of {node} do not have what is served").format(
                behind=behind, proxies=proxies, node=node.node
            ),
            (),
            f"gitmesh proxies --node {shlex.quote(node.node)}",
        )
    if gone := node.states[ProxyState.NODE_REMOVED]:
        yield Finding(
            "node-removed",
            Severity.WARNING,
            node.node,
            words._(
                "{proxies} proxies of {node} are connected, but the mesh does not have it any more"
            ).format(proxies=gone, node=node.node),
            (),
            f"gitmesh blame {shlex.quote(node.node)}",
        )


def _place(problem: JsonObject) -> str:
    line = f":{problem['line']}" if problem.get("line") else ""
    return f"{problem.get('path') or 'repository'}{line}: {problem.get('message')}"
