"""Any event, and the form in which the log stores it."""

from dataclasses import dataclass
from typing import TypeAlias

from events.types.mesh import MeshEvent
from events.types.pin import ServingPinned, ServingReleased
from events.types.positions import Chain, Seq
from events.types.proxy import ProxiesFlapped, ProxiesSettled, ProxyConnected, ProxyDisconnected
from events.types.push import PushReceived, PushRefused
from events.types.server import (
    RulesChanged,
    ServerStarted,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)
from events.types.snapshot import (
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
)
from mesh.canonical import JsonObject

DeliveryEvent: TypeAlias = (
    SnapshotPublished
    | SnapshotConverged
    | SnapshotDelayed
    | SnapshotRejected
    | ProxyConnected
    | ProxiesSettled
    | ProxyDisconnected
    | ProxiesFlapped
    | WorkerUnresponsive
    | WorkerResponsive
    | ServerStarted
    | RulesChanged
    | SourceDegraded
    | SourceRecovered
    | PushReceived
    | PushRefused
    | ServingPinned
    | ServingReleased
)

Event: TypeAlias = MeshEvent | DeliveryEvent


@dataclass(frozen=True, slots=True)
class Record:
    """One stored event."""

    chain: Chain
    seq: Seq
    kind: str
    v: int
    subject: str
    """Subject of the event: a resource key, a commit id, a node id, or other text."""
    commit: str
    actor: str
    at: str
    """Recording time: UTC, RFC 3339 with microseconds, never earlier than that of the previous
    event."""
    data: JsonObject
    prev_hash: str
    hash: str
