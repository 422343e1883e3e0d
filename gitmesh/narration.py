"""Events in words: what one event of the log means to a person. Pure."""

from typing import Final, TypeAlias, assert_never

from events.types import (
    CommitApplied,
    CommitFacts,
    CommitRejected,
    Event,
    FieldChange,
    HistoryRewritten,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    PushReceived,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
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
    TrafficShifted,
    WeightChange,
    WorkerResponsive,
    WorkerUnresponsive,
)
from gitmesh.amounts import count, milliseconds
from gitmesh.visible import visible
from mesh.canonical import Json, JsonObject, canonical
from mesh.keys import Kind, ResourceKey

_OBSERVED: TypeAlias = (
    ServerStarted
    | RulesChanged
    | ProxyConnected
    | ProxiesSettled
    | ProxyDisconnected
    | ProxiesFlapped
    | SourceDegraded
    | SourceRecovered
    | PushReceived
    | ServingPinned
    | ServingReleased
    | WorkerUnresponsive
    | WorkerResponsive
)

SHOWN_FIELDS = 3
SHOWN_VALUE_CHARS = 40

_KIND_WORDS = {
    Kind.MESH: "mesh",
    Kind.VIRTUAL_SERVICE: "virtual service",
    Kind.VIRTUAL_NODE: "virtual node",
    Kind.VIRTUAL_ROUTER: "virtual router",
    Kind.ROUTE: "route",
    Kind.VIRTUAL_GATEWAY: "virtual gateway",
    Kind.GATEWAY_ROUTE: "gateway route",
    Kind.SERVICE_INSTANCES: "instances of",
}


def narrate(event: Event) -> str:
    """Return one line on what the event says; problems of a refused commit follow on more lines.

    What others wrote, such as subjects, names and refusals, cannot steer a terminal or add a line.
    """
    return "\n".join(map(visible, _lines(event)))


def _lines(event: Event) -> list[str]:
    if isinstance(event, CommitRejected):
        more = [f"… and {event.omitted} more"] if event.omitted else []
        return [_sentence(event), *problem_lines(event.problems), *more]
    return [_sentence(event)]


def _sentence(event: Event) -> str:
    match event:
        case CommitApplied() | CommitRejected() | HistoryRewritten():
            return _commit(event)
        case ResourceAdded() | ResourceChanged() | ResourceRemoved() | TrafficShifted():
            return f"{resource_name(event.key)}: {_change(event)}"
        case SnapshotPublished() | SnapshotConverged() | SnapshotDelayed() | SnapshotRejected():
            return _snapshot(event)
        case _:
            return _observed(event)


def _observed(event: _OBSERVED) -> str:
    match event:
        case ProxyConnected() | ProxyDisconnected() | ProxiesSettled() | ProxiesFlapped():
            return _proxy(event)
        case ServerStarted() | RulesChanged() | WorkerUnresponsive() | WorkerResponsive():
            return _server(event)
        case SourceDegraded():
            follows = event.reason == "history-replaced"
            return event.message if follows else f"cannot follow the repository: {event.message}"
        case SourceRecovered():
            return f"following the repository again ({event.reason} is over)"
        case PushReceived():
            return _push(event)
        case ServingPinned() | ServingReleased():
            return _pin(event)
        case _:
            assert_never(event)


_CONNECTED: Final = {
    ProxyState.HELD: "; its node does not exist yet",
    ProxyState.LAST_ACCEPTED: "; gets the last snapshot that was accepted",
}


def _proxy(event: ProxyConnected | ProxyDisconnected | ProxiesSettled | ProxiesFlapped) -> str:
    match event:
        case ProxyConnected():
            more = _CONNECTED.get(event.state, "")
            return f"{event.node}: proxy {event.proxy} connected ({event.version}){more}"
        case ProxyDisconnected():
            return f"{event.node}: proxy {event.proxy} left: {event.reason}"
        case ProxiesFlapped():
            times = f"{event.connects:,} connects and {event.disconnects:,} disconnects"
            return f"{event.node}: {times} since {event.since}, told in sum"
        case ProxiesSettled():
            said = (
                (event.in_sync, "in sync"),
                (event.refused, "REFUSED theirs"),
                (event.last_accepted, "given the last snapshot that was accepted"),
                (event.behind, "behind"),
            )
            return ", ".join(f"{_proxies(len(who))} {words}" for who, words in said if who)


def _server(event: ServerStarted | RulesChanged | WorkerUnresponsive | WorkerResponsive) -> str:
    match event:
        case ServerStarted():
            return f"gitmesh {event.version} started; no proxy is connected"
        case RulesChanged():
            return (
                f"gitmesh {event.version} decides by rules {event.after}; up to mesh event "
                f"{event.mesh_seq} rules {event.before} did"
            )
        case WorkerUnresponsive():
            keep = "keeps what it has" if event.proxies == 1 else "keep what they have"
            return (
                f"worker {event.worker} (process {event.process}) does not answer; "
                f"its {_proxies(event.proxies)} {keep}"
            )
        case WorkerResponsive() if event.why == "answers":
            return f"worker {event.worker} answers again"
        case WorkerResponsive():
            return f"worker {event.worker}, which did not answer, has ended and is replaced"


def resource_name(key: ResourceKey) -> str:
    """Return what a person calls a resource: ``route cart/all``."""
    path = f"{key.parent}/{key.name}" if key.parent else key.name
    return f"{_KIND_WORDS[key.kind]} {path}"


def short(commit: str) -> str:
    """Return the start of a commit id, as people write it."""
    return commit[:7]


def shares(weights: tuple[WeightChange, ...]) -> str:
    """Return ``cart-v2 10 % → 25 %`` for each target whose share changed, those that grow first."""
    before = sum(w.before for w in weights)
    after = sum(w.after for w in weights)
    rows = [(w, _percent(w.before, before), _percent(w.after, after)) for w in weights]
    rows.sort(key=lambda row: row[0].before - row[0].after)
    return ", ".join(
        f"{w.virtual_node}{f':{w.port}' if w.port else ''} {old} → {new}"
        for w, old, new in rows
        if old != new
    )


def problem_place(problem: JsonObject) -> str:
    """Return where a problem is: ``routes/cart.yaml:7``, a file as a whole, or the repository."""
    place = str(problem.get("path") or "repository")
    return f"{place}:{problem['line']}" if problem.get("line") else place


def problem_lines(problems: tuple[JsonObject, ...]) -> list[str]:
    """Return problems as the log holds them, a line each and one for each hint, all visible."""
    lines = []
    for problem in problems:
        kind = f"{problem.get('severity')}[{problem.get('code')}]"
        lines.append(f"{problem_place(problem)}: {kind}: {problem.get('message')}")
        if problem.get("hint"):
            lines.append(f"  hint: {problem['hint']}")
    return [visible(line) for line in lines]


def _commit(event: CommitApplied | CommitRejected | HistoryRewritten) -> str:
    match event:
        case CommitApplied():
            restored = f"; restores the mesh of {short(event.restores)}" if event.restores else ""
            if event.facts.reverts:
                restored = f"; reverts {', '.join(map(short, event.facts.reverts))}{restored}"
            warned = f", {count(len(event.warnings), 'warning')}" if event.warnings else ""
            changed = count(event.changes, "change")
            return f"applied {_subject(event.facts)}: {changed}{warned}{restored}"
        case CommitRejected():
            found = len(event.problems) + event.omitted
            return f"REJECTED {_subject(event.facts)}: {count(found, 'problem')}"
        case HistoryRewritten():
            return (
                f"history was rewritten ({event.topology}): {short(event.before)} → "
                f"{short(event.after)}, {count(len(event.dropped), 'commit')} dropped"
            )


def _subject(facts: CommitFacts) -> str:
    return f"“{facts.message.partition(chr(10))[0].strip()}” by {facts.author.name or 'nobody'}"


def _change(
    event: ResourceAdded | ResourceChanged | ResourceRemoved | TrafficShifted,
) -> str:
    match event:
        case ResourceAdded():
            return f"added in {event.path}" if event.path else "added"
        case ResourceRemoved():
            return "removed"
        case TrafficShifted():
            return shares(event.weights) or "weights written differently, shares unchanged"
        case ResourceChanged():
            shown = ", ".join(map(_field, event.fields[:SHOWN_FIELDS]))
            more = len(event.fields) - SHOWN_FIELDS
            return shown + (f", and {more} more" if more > 0 else "")


def _field(change: FieldChange) -> str:
    where = change.where.removeprefix("$.")
    return f"{where} {_value(change.before)} → {_value(change.after)}"


def _value(value: Json) -> str:
    text = "(absent)" if value is None else canonical(value)
    return text if len(text) <= SHOWN_VALUE_CHARS else text[: SHOWN_VALUE_CHARS - 1] + "…"


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.0f} %" if value == round(value) else f"{value:.1f} %"


def _snapshot(
    event: SnapshotPublished | SnapshotConverged | SnapshotDelayed | SnapshotRejected,
) -> str:
    match event:
        case SnapshotDelayed():
            refused = f", {event.refused} refused it" if event.refused else ""
            return f"{event.arrived} of {_proxies(event.proxies)} in sync so far{refused}"
        case SnapshotPublished():
            return _published(event)
        case SnapshotConverged():
            if not event.proxies:
                return "in force: no proxy had to be told"
            took = event.timings.get("acked")
            after = f", {milliseconds(took)} after the push" if took is not None else ""
            return f"{_proxies(event.proxies)} in sync{after}"
        case SnapshotRejected():
            kind = event.type_url.rpartition(".")[2]
            at_fault = f" (made from {', '.join(event.specs)})" if event.specs else ""
            return f"{event.node} REFUSED its {kind}s: {event.message}{at_fault}"


def _published(event: SnapshotPublished) -> str:
    same = f"nothing is new for {_proxies(event.unchanged)} that it concerns"
    if not event.proxies:
        return same if event.unchanged else "concerns no proxy that is connected"
    offered = f"offered to {_proxies(event.proxies)} of {count(len(event.nodes), 'node')}"
    return f"{offered}; {same}" if event.unchanged else offered


def _push(event: PushReceived) -> str:
    branch = event.ref.removeprefix("refs/heads/")
    moved = "deleted" if not event.after else "pushed"
    way = "on this machine" if event.via == "local" else f"by {event.via}"
    who = f"{event.pusher} {moved} {branch} {way}"
    if event.claimed:
        who += f", saying to be {event.claimed}"
    said = ", ".join(event.options)
    more = f", and {event.omitted} more options" if event.omitted else ""
    return f"{who}{f' ({said}{more})' if said else ''}"


def _pin(event: ServingPinned | ServingReleased) -> str:
    why = f": {event.reason}" if event.reason else ""
    match event:
        case ServingPinned():
            return f"PINNED to {short(event.commit)} by {event.by} until {event.until}{why}"
        case ServingReleased() if event.by:
            return f"pin of {short(event.commit)} {event.why} by {event.by}{why}"
        case ServingReleased():
            return f"pin of {short(event.commit)} {event.why}{why}"


def _proxies(number: int) -> str:
    return "1 proxy" if number == 1 else f"{number:,} proxies"
