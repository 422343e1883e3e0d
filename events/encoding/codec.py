"""Events to and from their stored form: kind, schema number and JSON. Pure.

Stored events are never rewritten. When the data of a kind changes, its ``v`` increases, and an
upcaster here converts the older form each time it is read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never, cast

from pydantic_core import from_json

from events.encoding.bodies import BODIES, KIND_OF
from events.types import (
    CommitApplied,
    CommitId,
    CommitRejected,
    DeliveryEvent,
    Event,
    HistoryRewritten,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    PushReceived,
    PushRefused,
    Record,
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
    WorkerResponsive,
    WorkerUnresponsive,
)
from mesh.canonical import JsonObject
from mesh.errors import Fatal, UsageError

SERVER: Final = "gitmesh"
"""Actor of events that the server itself causes."""

Upcaster = Callable[[JsonObject], JsonObject]
UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {
    ("SnapshotRejected", 1): lambda old: {
        **old, "proxy": "", "names": [], "specs": [], "snapshot": "",
    },
    ("ProxyConnected", 1): lambda old: {**old, "state": "behind"},
    ("SnapshotPublished", 1): lambda old: {**old, "unchanged": 0},
    ("ProxiesSettled", 1): lambda old: {**old, "behind": []},
    ("SnapshotConverged", 1): lambda old: {**old, "after": ""},
}  # fmt: skip
"""By kind and stored ``v``: converts the data to ``v + 1``."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event in stored form, before it has a position."""

    kind: str
    v: int
    subject: str
    commit: str
    actor: str
    data: JsonObject


def encode(event: Event, actor: str = "") -> Encoded:
    """Return the stored form of an event. ``actor`` is used if the event itself names no actor."""
    kind = KIND_OF[type(event)]
    body = BODIES[kind]
    subject, commit, by = _heading(event, actor)
    return Encoded(kind, body.v, subject, commit, by, body.dump(event))


def actor_of(event: Event) -> str | None:
    """Return the actor of the events that follow in the transaction, if the event names one."""
    if isinstance(event, CommitApplied | CommitRejected):
        return f"{event.facts.author.name} <{event.facts.author.email}>"
    return None


def decode(record: Record, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS) -> Event:
    """Return the event in a record, whatever schema version it was written with.

    :raises Fatal: the record was written by a newer gitmesh, or is damaged.
    """
    return revive(record.kind, record.v, record.subject, record.commit, record.data, upcasters)


def revive(
    kind: str,
    v: int,
    subject: str,
    commit: str,
    data: JsonObject,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Event:
    """Return the event with these parts; see :func:`decode`.

    :raises Fatal: a newer gitmesh wrote the event, or it is damaged.
    """
    body = BODIES.get(kind)
    if body is None or v > body.v:
        raise Fatal(
            f"the log contains a {kind} v{v} about {subject!r}, which this gitmesh does not know",
            hint="it was written by a newer gitmesh: upgrade this one",
        )
    try:
        for each in range(v, body.v):
            data = upcasters[kind, each](data)
        return body.load(subject, CommitId(commit), data)
    except (LookupError, TypeError, ValueError, UsageError) as error:
        raise Fatal(
            f"the log contains a {kind} v{v} about {subject!r} that cannot be decoded: {error!r}",
            hint="run gitmesh verify on the log",
        ) from error


def json_object(text: str) -> JsonObject:
    """Parse the data of a row.

    :raises Fatal: the data is damaged.
    """
    try:
        return cast("JsonObject", from_json(text))
    except ValueError as error:
        raise Fatal(
            f"the log contains invalid JSON: {error}", hint="run gitmesh verify on the log"
        ) from error


def _heading(event: Event, actor: str) -> tuple[str, str, str]:
    """Return the subject, commit and actor of an event."""
    match event:
        case CommitApplied() | CommitRejected():
            return event.facts.commit, event.facts.commit, actor_of(event) or ""
        case ResourceAdded() | ResourceChanged() | TrafficShifted() | ResourceRemoved():
            return str(event.key), event.commit, actor
        case HistoryRewritten():
            return event.after, event.after, ""  # git does not record the pusher
        case _:
            return _observed(event)


def _observed(event: DeliveryEvent) -> tuple[str, str, str]:
    match event:
        case SnapshotPublished() | SnapshotConverged() | SnapshotDelayed() | ProxiesSettled():
            return event.commit, event.commit, SERVER
        case SnapshotRejected() | ProxyConnected() | ProxiesFlapped():
            return event.node, event.commit, event.node
        case ProxyDisconnected():
            return event.node, "", event.node
        case ServerStarted() | RulesChanged() | WorkerUnresponsive() | WorkerResponsive():
            return SERVER, "", SERVER
        case SourceDegraded() | SourceRecovered():
            return event.reason, "", SERVER
        case PushReceived() | PushRefused():
            return event.ref, event.after, event.pusher
        case ServingPinned() | ServingReleased():
            return event.commit, event.commit, event.by or SERVER
        case _:
            assert_never(event)
