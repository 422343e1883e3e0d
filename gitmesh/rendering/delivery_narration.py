"""Events of the delivery chain as text: servers, pushes, pins and proxies. Pure."""

from typing import Final, assert_never

from events.types import (
    CLOCK_BEHIND,
    CONNECTIONS_FULL,
    STREAMS_RESET,
    Cause,
    DeliveryEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    PushReceived,
    PushRefused,
    RulesChanged,
    ServerStarted,
    ServingPinned,
    ServingReleased,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)
from gitmesh.rendering.amounts import count, milliseconds, proxies


def short(commit: str) -> str:
    """Return the usual prefix of a commit id."""
    return commit[:7]


def observation(event: DeliveryEvent) -> str:
    """Return an event as one line. Control characters in untrusted text are not escaped here."""
    match event:
        case SnapshotPublished() | SnapshotConverged() | SnapshotDelayed() | SnapshotRejected():
            return _snapshot(event)
        case ProxyConnected() | ProxyDisconnected() | ProxiesSettled() | ProxiesFlapped():
            return _proxy(event)
        case PushReceived() | PushRefused():
            return _push(event)
        case ServingPinned() | ServingReleased():
            return _pin(event)
        case ServerStarted() | RulesChanged() | WorkerUnresponsive() | WorkerResponsive():
            return _server(event)
        case SourceDegraded() | SourceRecovered():
            return _source(event)
        case _:
            assert_never(event)


def _server(event: ServerStarted | RulesChanged | WorkerUnresponsive | WorkerResponsive) -> str:
    match event:
        case ServerStarted():
            return f"gitmesh {event.version} started; no proxy is connected"
        case RulesChanged():
            since = f"; rules {event.before} decided up to mesh event {event.mesh_seq}"
            decides = f"gitmesh {event.version} decides by rules {event.after}"
            return decides + since * bool(event.mesh_seq)
        case WorkerUnresponsive():
            keep = "keeps its configuration" if event.proxies == 1 else "keep their configuration"
            return (
                f"worker {event.worker} (process {event.process}) does not answer; "
                f"its {proxies(event.proxies)} {keep}"
            )
        case WorkerResponsive() if event.why == "answers":
            return f"worker {event.worker} answers again"
        case WorkerResponsive():
            return f"worker {event.worker}, which did not answer, has ended and is replaced"


def _source(event: SourceDegraded | SourceRecovered) -> str:
    match event:
        case SourceDegraded() if event.reason == CONNECTIONS_FULL:
            return f"new proxies are refused: {event.message}"
        case SourceRecovered() if event.reason == CONNECTIONS_FULL:
            return "proxies can connect again"
        case SourceDegraded() if event.reason == STREAMS_RESET:
            return f"clients attack the server, or have a bug: {event.message}"
        case SourceRecovered() if event.reason == STREAMS_RESET:
            return "clients no longer open streams only to reset them"
        case SourceDegraded():
            follows = event.reason in ("history-replaced", CLOCK_BEHIND)
            return event.message if follows else f"cannot follow the repository: {event.message}"
        case SourceRecovered() if event.reason == CLOCK_BEHIND:
            return "the clock is no longer behind the event log"
        case SourceRecovered():
            return f"following the repository again ({event.reason} is over)"


_CONNECTED: Final = {
    ProxyState.HELD: "; its node does not exist yet",
    ProxyState.LAST_ACCEPTED: "; gets the last snapshot that was accepted",
}
_REASONS: Final = {
    "force-push": "it removes commits from the branch (receive.denyNonFastForwards)",
    "deletion": "the branch must not be deleted",
    "checked-out": "the branch is checked out in the repository (receive.denyCurrentBranch)",
    "own-refs": "only gitmesh moves this ref",
    "unchecked": "it could not be checked",
}
_SINCE: Final = {
    Cause.BRANCH: "the branch moved",
    Cause.PIN: "the pin",
    Cause.RELEASE: "the pin ended",
}


def _proxy(event: ProxyConnected | ProxyDisconnected | ProxiesSettled | ProxiesFlapped) -> str:
    match event:
        case ProxyConnected():
            more = _CONNECTED.get(event.state, "")
            return f"{event.node}: proxy {event.proxy} connected ({event.version}){more}"
        case ProxyDisconnected():
            return f"{event.node}: proxy {event.proxy} disconnected: {event.reason}"
        case ProxiesFlapped():
            times = f"{event.connects:,} connects and {event.disconnects:,} disconnects"
            return f"{event.node}: {times} since {event.since}, summarized"
        case ProxiesSettled():
            said = (
                (event.in_sync, "in sync"),
                (event.refused, "REFUSED theirs"),
                (event.last_accepted, "given the last snapshot that was accepted"),
                (event.behind, "behind"),
            )
            return ", ".join(f"{proxies(len(who))} {words}" for who, words in said if who)


def _snapshot(
    event: SnapshotPublished | SnapshotConverged | SnapshotDelayed | SnapshotRejected,
) -> str:
    match event:
        case SnapshotDelayed():
            refused = f", {event.refused} refused it" if event.refused else ""
            return f"{event.arrived} of {proxies(event.proxies)} in sync so far{refused}"
        case SnapshotPublished():
            return _published(event)
        case SnapshotConverged():
            if not event.proxies:
                return "in force: no proxy needs an update"
            took = event.timings.get("acked")
            after = took_words(took, event.after) if took is not None else ""
            return f"{proxies(event.proxies)} in sync{after}"
        case SnapshotRejected():
            kind = event.type_url.rpartition(".")[2]
            at_fault = f" (made from {', '.join(event.specs)})" if event.specs else ""
            return f"{event.node} REFUSED its {kind}s: {event.message}{at_fault}"


def _published(event: SnapshotPublished) -> str:
    same = f"nothing is new for {proxies(event.unchanged)} that it affects"
    if not event.proxies:
        return same if event.unchanged else "affects no connected proxy"
    offered = f"offered to {proxies(event.proxies)} of {count(len(event.nodes), 'node')}"
    return f"{offered}; {same}" if event.unchanged else offered


def took_words(took_us: int, after: Cause) -> str:
    """Return the duration of a delivery, and the cause from which it is counted: ``, 84 ms after
    the branch moved``."""
    took = milliseconds(took_us)
    return f", {took} after {_SINCE[after]}" if after in _SINCE else f" after {took}"


def _push(event: PushReceived | PushRefused) -> str:
    branch = event.ref.removeprefix("refs/heads/")
    if isinstance(event, PushReceived):
        moved = "deleted" if not event.after else "pushed"
    else:
        moved = "was REFUSED to delete" if not event.after else "was REFUSED to push"
    way = "on this machine" if event.via == "local" else f"by {event.via}"
    who = f"{event.pusher} {moved} {branch} {way}"
    if event.claimed:
        who += f", claiming to be {event.claimed}"
    said = ", ".join(event.options)
    more = f", and {event.omitted} more options" if event.omitted else ""
    why = f": {_why(event)}" if isinstance(event, PushRefused) else ""
    return f"{who}{f' ({said}{more})' if said else ''}{why}"


def _why(event: PushRefused) -> str:
    if event.reason == "problems":
        found = len(event.problems) + event.more_problems
        return f"{count(found, 'problem')} in {', '.join(map(short, event.commits))}"
    return _REASONS.get(event.reason, event.reason)


def _pin(event: ServingPinned | ServingReleased) -> str:
    why = f": {event.reason}" if event.reason else ""
    match event:
        case ServingPinned():
            return f"PINNED to {short(event.commit)} by {event.by} until {event.until}{why}"
        case ServingReleased() if event.by:
            return f"pin of {short(event.commit)} {event.why} by {event.by}{why}"
        case ServingReleased():
            return f"pin of {short(event.commit)} {event.why}{why}"
