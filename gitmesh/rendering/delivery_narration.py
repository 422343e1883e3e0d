"""Events of the delivery chain as text: servers, pushes, pins and proxies. Pure."""

from collections.abc import Iterator
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
from gitmesh.language import ENGLISH, Words, mark
from gitmesh.rendering.amounts import counted, milliseconds


def short(commit: str) -> str:
    """Return the usual prefix of a commit id."""
    return commit[:7]


def observation(event: DeliveryEvent, words: Words = ENGLISH) -> str:
    """Return an event as one line. Control characters in untrusted text are not escaped here."""
    match event:
        case SnapshotPublished() | SnapshotConverged() | SnapshotDelayed() | SnapshotRejected():
            return _snapshot(event, words)
        case ProxyConnected() | ProxyDisconnected() | ProxiesSettled() | ProxiesFlapped():
            return _proxy(event, words)
        case PushReceived() | PushRefused():
            return _push(event, words)
        case ServingPinned() | ServingReleased():
            return _pin(event, words)
        case ServerStarted() | RulesChanged() | WorkerUnresponsive() | WorkerResponsive():
            return _server(event, words)
        case SourceDegraded() | SourceRecovered():
            return _source(event, words)
        case _:
            assert_never(event)


def _server(
    event: ServerStarted | RulesChanged | WorkerUnresponsive | WorkerResponsive, words: Words
) -> str:
    match event:
        case ServerStarted():
            said = words._("gitmesh {version} started; no proxy is connected")
            return said.format(version=event.version)
        case RulesChanged():
            said = words._("gitmesh {version} decides by rules {after}")
            if event.mesh_seq:
                said += words._("; rules {before} decided up to mesh event {position}")
            return said.format(
                version=event.version,
                after=event.after,
                before=event.before,
                position=event.mesh_seq,
            )
        case WorkerUnresponsive():
            said = words.ngettext(
                "worker {worker} (process {process}) does not answer; its {number} proxy keeps "
                "its configuration",
                "worker {worker} (process {process}) does not answer; its {number} proxies keep "
                "their configuration",
                event.proxies,
            )
            return said.format(
                worker=event.worker, process=event.process, number=words.number(event.proxies)
            )
        case WorkerResponsive() if event.why == "answers":
            return words._("worker {worker} answers again").format(worker=event.worker)
        case WorkerResponsive():
            said = words._("worker {worker}, which did not answer, has ended and is replaced")
            return said.format(worker=event.worker)


def _source(event: SourceDegraded | SourceRecovered, words: Words) -> str:
    match event:
        case SourceDegraded():
            return _degraded(event.reason, words).format(message=event.message)
        case SourceRecovered() if event.reason == CONNECTIONS_FULL:
            return words._("proxies can connect again")
        case SourceRecovered() if event.reason == STREAMS_RESET:
            return words._("clients no longer open streams only to reset them")
        case SourceRecovered() if event.reason == CLOCK_BEHIND:
            return words._("the clock is no longer behind the event log")
        case SourceRecovered():
            said = words._("following the repository again ({reason} is over)")
            return said.format(reason=event.reason)


def _degraded(reason: str, words: Words) -> str:
    if reason == CONNECTIONS_FULL:
        return words._("new proxies are refused: {message}")
    if reason == STREAMS_RESET:
        return words._("clients attack the server, or have a bug: {message}")
    if reason in ("history-replaced", CLOCK_BEHIND):
        return "{message}"
    return words._("cannot follow the repository: {message}")


_CONNECTED: Final = {
    ProxyState.HELD: mark("; its node does not exist yet"),
    ProxyState.LAST_ACCEPTED: mark("; gets the last snapshot that was accepted"),
}
_REASONS: Final = {
    "force-push": mark("it removes commits from the branch (receive.denyNonFastForwards)"),
    "deletion": mark("the branch must not be deleted"),
    "checked-out": mark("the branch is checked out in the repository (receive.denyCurrentBranch)"),
    "own-refs": mark("only gitmesh moves this ref"),
    "unchecked": mark("it could not be checked"),
}
_SINCE: Final = {
    Cause.BRANCH: mark(", {duration} after the branch moved"),
    Cause.PIN: mark(", {duration} after the pin"),
    Cause.RELEASE: mark(", {duration} after the pin ended"),
}
_PIN_ENDS: Final = (mark("released"), mark("expired"), mark("replaced"))


def _proxy(
    event: ProxyConnected | ProxyDisconnected | ProxiesSettled | ProxiesFlapped, words: Words
) -> str:
    match event:
        case ProxyConnected():
            more = words._(_CONNECTED.get(event.state, ""))
            said = words._("{node}: proxy {proxy} connected ({version})")
            return said.format(node=event.node, proxy=event.proxy, version=event.version) + more
        case ProxyDisconnected():
            said = words._("{node}: proxy {proxy} disconnected: {reason}")
            return said.format(node=event.node, proxy=event.proxy, reason=event.reason)
        case ProxiesFlapped():
            said = words._(
                "{node}: {connects} connects and {disconnects} disconnects since {since}, "
                "summarized"
            )
            return said.format(
                node=event.node,
                connects=words.number(event.connects),
                disconnects=words.number(event.disconnects),
                since=event.since,
            )
        case ProxiesSettled():
            return ", ".join(_settled(event, words))


def _settled(event: ProxiesSettled, words: Words) -> Iterator[str]:
    if number := len(event.in_sync):
        yield _in_sync(number, words)
    if number := len(event.refused):
        said = words.ngettext(
            "{number} proxy REFUSED theirs", "{number} proxies REFUSED theirs", number
        )
        yield counted(words, said, number)
    if number := len(event.last_accepted):
        said = words.ngettext(
            "{number} proxy given the last snapshot that was accepted",
            "{number} proxies given the last snapshot that was accepted",
            number,
        )
        yield counted(words, said, number)
    if number := len(event.behind):
        said = words.ngettext("{number} proxy behind", "{number} proxies behind", number)
        yield counted(words, said, number)


def _in_sync(number: int, words: Words) -> str:
    said = words.ngettext("{number} proxy in sync", "{number} proxies in sync", number)
    return counted(words, said, number)


def _snapshot(
    event: SnapshotPublished | SnapshotConverged | SnapshotDelayed | SnapshotRejected,
    words: Words,
) -> str:
    match event:
        case SnapshotDelayed():
            said = words.ngettext(
                "{arrived} of {number} proxy in sync so far",
                "{arrived} of {number} proxies in sync so far",
                event.proxies,
            )
            refused = words._(", {number} refused it").format(number=event.refused)
            found = said.format(arrived=event.arrived, number=words.number(event.proxies))
            return found + (refused if event.refused else "")
        case SnapshotPublished():
            return _published(event, words)
        case SnapshotConverged():
            if not event.proxies:
                return words._("in force: no proxy needs an update")
            took = event.timings.get("acked")
            after = took_words(took, event.after, words) if took is not None else ""
            return _in_sync(event.proxies, words) + after
        case SnapshotRejected():
            said = words._("{node} REFUSED its {resources}: {message}")
            specs = words._(" (made from {specs})").format(specs=", ".join(event.specs))
            return said.format(
                node=event.node,
                resources=f"{event.type_url.rpartition('.')[2]}s",
                message=event.message,
            ) + (specs if event.specs else "")


def _published(event: SnapshotPublished, words: Words) -> str:
    text = words.ngettext(
        "nothing is new for {number} proxy that it affects",
        "nothing is new for {number} proxies that it affects",
        event.unchanged,
    )
    same = counted(words, text, event.unchanged)
    if not event.proxies:
        return same if event.unchanged else words._("affects no connected proxy")
    proxies = words.ngettext("{number} proxy", "{number} proxies", event.proxies)
    nodes = words.ngettext("{number} node", "{number} nodes", len(event.nodes))
    offered = words._("offered to {proxies} of {nodes}").format(
        proxies=counted(words, proxies, event.proxies),
        nodes=counted(words, nodes, len(event.nodes)),
    )
    return f"{offered}; {same}" if event.unchanged else offered


def took_words(took_us: int, after: Cause, words: Words = ENGLISH) -> str:
    """Return the duration of a delivery, and the cause from which it is counted: ``, 84 ms after
    the branch moved``."""
    text = words._(_SINCE[after]) if after in _SINCE else words._(" after {duration}")
    return text.format(duration=milliseconds(took_us))


def _push(event: PushReceived | PushRefused, words: Words) -> str:
    way = words._("on this machine")
    if event.via != "local":
        way = words._("by {way}").format(way=event.via)
    branch = event.ref.removeprefix("refs/heads/")
    said = _moved(event, words).format(person=event.pusher, branch=branch, way=way)
    if event.claimed:
        said += words._(", claiming to be {name}").format(name=event.claimed)
    if options := ", ".join(event.options):
        more = words._(", and {number} more options").format(number=event.omitted)
        said += f" ({options}{more if event.omitted else ''})"
    return f"{said}: {_why(event, words)}" if isinstance(event, PushRefused) else said


def _moved(event: PushReceived | PushRefused, words: Words) -> str:
    match event:
        case PushReceived() if event.after:
            return words._("{person} pushed {branch} {way}")
        case PushReceived():
            return words._("{person} deleted {branch} {way}")
        case PushRefused() if event.after:
            return words._("{person} was REFUSED to push {branch} {way}")
        case PushRefused():
            return words._("{person} was REFUSED to delete {branch} {way}")


def _why(event: PushRefused, words: Words) -> str:
    if event.reason == "problems":
        found = len(event.problems) + event.more_problems
        problems = words.ngettext("{number} problem", "{number} problems", found)
        return words._("{problems} in {commits}").format(
            problems=counted(words, problems, found),
            commits=", ".join(map(short, event.commits)),
        )
    return words._(_REASONS.get(event.reason, event.reason))


def _pin(event: ServingPinned | ServingReleased, words: Words) -> str:
    why = f": {event.reason}" if event.reason else ""
    match event:
        case ServingPinned():
            said = words._("PINNED to {commit} by {person} until {until}").format(
                commit=short(event.commit), person=event.by, until=event.until
            )
        case ServingReleased():
            ended = words._(event.why) if event.why in _PIN_ENDS else event.why
            said = words._("pin of {commit} {ended}").format(
                commit=short(event.commit), ended=ended
            )
            if event.by:
                said += words._(" by {person}").format(person=event.by)
    return said + why
