"""JSON shapes of deliveries: the status of a commit, and waiting for it."""

from typing import NotRequired, TypedDict, cast

from events.deliveries import Delivered
from events.types import Cause, CommitRejected
from gitmesh.json_shapes.events import EventShape, event_shape
from gitmesh.json_shapes.pins import PinShape, RequestedPinShape, pin_shape, requested_pin_shape
from gitmesh.queries.commit_status import CommitStatus, NodeStatus, Refused
from gitmesh.queries.convergence import Convergence
from gitmesh.queries.refusal_locations import hint
from gitmesh.service.delivery.retry import RetryAnswer
from gitmesh.service.delivery.status import StatusAnswer
from gitmesh.service.delivery.wait import WaitAnswer
from mesh.canonical import JsonObject


class RefusedSpecShape(TypedDict):
    """A spec that likely caused a refusal."""

    key: str
    path: str
    line: int | None
    where: str


class RefusedShape(TypedDict):
    """Resources that a proxy refuses, the reason, and the specs that caused it."""

    proxy: str
    type: str
    version: str
    names: list[str]
    message: str
    hint: str
    specs: list[RefusedSpecShape]


class NodeShape(TypedDict):
    """The proxies of one node: the number in each state, and their refusals."""

    node: str
    proxies: dict[str, int]
    refusals: list[RefusedShape]


class StatusPinShape(TypedDict):
    """The current pin; ``over`` if it expired while no server was running."""

    commit: str
    by: str
    reason: str
    until: str
    over: bool


class PublishedShape(TypedDict):
    """Publication of a commit: its time, and the proxies that it was offered to."""

    at: str
    proxies: int
    nodes: list[str]
    overtaken: bool
    overtakenBy: str | None


class ConvergedShape(TypedDict):
    """Convergence of a commit: its time, and the durations since its cause."""

    at: str | None
    microsecondsAfterPush: int | None
    microseconds: int | None
    after: str | None


class UnresponsiveWorkerShape(TypedDict):
    """A worker of the server that does not answer."""

    since: str
    worker: int
    process: int
    proxies: int


class DegradedShape(TypedDict):
    """Reason why the server cannot read the repository."""

    since: str
    reason: str
    message: str


class AgainShape(TypedDict):
    """The last delivery of a commit that was served again: by a pin, or after a pin."""

    published: PublishedShape | None
    converged: ConvergedShape | None


class StatusShape(TypedDict):
    """Answer of ``status``."""

    asked: str
    commit: str
    verdict: str
    outcome: str | None
    recordedAt: str | None
    problems: list[JsonObject]
    served: str | None
    neverServed: bool
    newest: str | None
    pinned: StatusPinShape | None
    published: PublishedShape | None
    converged: ConvergedShape | None
    nodes: list[NodeShape]
    unresponsiveWorkers: list[UnresponsiveWorkerShape]
    degraded: list[DegradedShape]
    serverRuns: bool | None
    connected: int
    required: int
    pinRequested: RequestedPinShape | None
    again: AgainShape | None
    pushRefused: EventShape | None


class ConvergenceShape(TypedDict):
    """Number of connected proxies that have a commit."""

    acked: int
    refused: int
    proxies: int


WaitShape = TypedDict(
    "WaitShape",
    {
        "commit": str,
        "broughtInBy": str | None,
        "for": str,  # a reserved word, so this shape is no class
        "met": bool,
        "refused": bool,
        "words": str,
        "proxies": NotRequired[ConvergenceShape],
        "refusals": list[RefusedShape],
        "serverRuns": bool | None,
        "subject": str,
        "pinned": PinShape | None,
    },
)
"""Answer of ``wait``; ``proxies`` only if a percentage is waited for."""


class RetryShape(TypedDict):
    """Answer of ``retry``."""

    heldBack: str | None
    serverRuns: bool | None


def status_shape(answer: StatusAnswer) -> StatusShape:
    """Return the status of a commit."""
    found = answer.found
    about = found.about
    problems = about.problems if isinstance(about, CommitRejected) else ()
    push, again = found.refused_push, found.again
    problems = problems if push is None else push.event.problems
    return {
        "asked": answer.asked,
        "commit": found.commit,
        "verdict": found.verdict.value,
        "outcome": _outcome(found),
        "recordedAt": found.recorded_at or None,
        "problems": list(problems),
        "served": found.served,
        "neverServed": found.instead is not None,
        "newest": found.newest,
        "pinned": _pinned(found),
        "published": _published(found.delivered),
        "converged": _converged(found.delivered),
        "nodes": [_node(node) for node in found.nodes],
        "unresponsiveWorkers": [
            {
                "since": at,
                "worker": event.worker,
                "process": event.process,
                "proxies": event.proxies,
            }
            for at, event in found.unresponsive
        ],
        "degraded": [
            {"since": at, "reason": event.reason, "message": event.message}
            for at, event in found.degraded
        ],
        "serverRuns": answer.server_runs,
        "connected": answer.connected,
        "required": answer.required,
        "pinRequested": requested_pin_shape(answer.requested_pin),
        "again": None if again is None else _again(again),
        "pushRefused": None if push is None else event_shape(push.record),
    }


def wait_shape(answer: WaitAnswer) -> WaitShape:
    """Return the progress of a commit towards a goal."""
    found = answer.outcome
    counted = {} if found.convergence is None else {"proxies": _convergence(found.convergence)}
    shape = {
        "commit": answer.commit,
        "broughtInBy": answer.brought_in_by,
        "for": str(answer.goal),
        "met": found.met,
        "refused": found.refused,
        "words": found.words,
        **counted,
        "refusals": [refused_shape(each) for each in answer.refused],
        "serverRuns": answer.server_runs,
        "subject": answer.subject,
        "pinned": pin_shape(found.pin),
    }
    return cast(WaitShape, shape)  # mypy does not follow a field that may be absent


def refused_shape(refused: Refused) -> RefusedShape:
    """Return a refusal, and the location of each spec that caused it."""
    event = refused.event
    return {
        "proxy": event.proxy,
        "type": event.type_url,
        "version": event.version,
        "names": list(event.names),
        "message": event.message,
        "hint": hint(event),
        "specs": [
            {"key": each.key, "path": each.path, "line": each.line or None, "where": each.where}
            for each in refused.locations
        ],
    }


def retry_shape(answer: RetryAnswer) -> RetryShape:
    """Return the commit that will be read again."""
    return {"heldBack": answer.held_back, "serverRuns": answer.server_runs}


def _convergence(found: Convergence) -> ConvergenceShape:
    return {"acked": found.acked, "refused": found.refused, "proxies": found.proxies}


def _outcome(found: CommitStatus) -> str | None:
    if found.about is None:
        return None
    return "rejected" if isinstance(found.about, CommitRejected) else "applied"


def _pinned(found: CommitStatus) -> StatusPinShape | None:
    pin = found.pin
    if pin is None:
        return None
    return {
        "commit": pin.commit,
        "by": pin.by,
        "reason": pin.reason,
        "until": pin.until,
        "over": found.pin_is_over,
    }


def _published(delivered: Delivered | None) -> PublishedShape | None:
    if delivered is None:
        return None
    return {
        "at": delivered.published_at,
        "proxies": delivered.published.proxies,
        "nodes": list(delivered.published.nodes),
        "overtaken": delivered.overtaken_by is not None,
        "overtakenBy": delivered.overtaken_by,
    }


def _converged(delivered: Delivered | None) -> ConvergedShape | None:
    converged = None if delivered is None else delivered.converged
    if delivered is None or converged is None:
        return None
    took = converged.timings.get("acked")
    after_push = converged.after in (Cause.BRANCH, Cause.UNKNOWN)
    return {
        "at": delivered.converged_at,
        "microsecondsAfterPush": took if after_push else None,
        "microseconds": took,
        "after": converged.after.value or None,
    }


def _again(delivered: Delivered) -> AgainShape:
    return {"published": _published(delivered), "converged": _converged(delivered)}


def _node(node: NodeStatus) -> NodeShape:
    return {
        "node": node.node,
        "proxies": {state.value: number for state, number in sorted(node.states.items())},
        "refusals": [refused_shape(each) for each in node.refusals],
    }
