"""What can happen, as the two chains of the log say it.

A kind's name and the shape of its data are a public file format: docs/events.md describes them, and
:mod:`events.codec` writes and reads them. Mesh events are a pure function of git history; delivery
events are what this server saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from events.positions import START as START
from events.positions import Chain as Chain
from events.positions import CommitId as CommitId
from events.positions import Seq as Seq
from events.push_types import PushReceived as PushReceived
from events.push_types import PushRefused as PushRefused
from events.server_types import CONNECTIONS_FULL as CONNECTIONS_FULL
from events.server_types import ProxyState as ProxyState
from events.server_types import ServerStarted as ServerStarted
from events.server_types import SourceDegraded as SourceDegraded
from events.server_types import SourceRecovered as SourceRecovered
from events.server_types import WorkerResponsive as WorkerResponsive
from events.server_types import WorkerUnresponsive as WorkerUnresponsive
from events.snapshot_cause import Cause as Cause
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey

_NO_COMMIT = CommitId("")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who a commit says made it, and when they say it was: claims, not proof."""

    name: str
    email: str
    at: str
    """RFC 3339, with the offset that the commit carries."""


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """What a commit says of itself, and its place in history."""

    commit: CommitId
    tree: str
    parents: tuple[CommitId, ...]
    author: Signature
    committer: Signature
    message: str
    trailers: tuple[tuple[str, str], ...] = ()
    reverts: tuple[CommitId, ...] = ()
    """Commits that the message says it reverts."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a spec that differs; ``None`` stands for absent."""

    where: str
    """JSON path in the spec: ``$.httpRoute.action.weightedTargets[0].weight``."""
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class WeightChange:
    """The share of one target before and after a shift; 0 where it was not a target."""

    virtual_node: str
    port: int | None
    before: int
    after: int


# ---- mesh chain -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommitApplied:
    """The mesh became what this commit says. Its resource events follow in the same transaction."""

    facts: CommitFacts
    restores: CommitId | None = None
    """The latest earlier applied commit whose tree is the same: an exact rollback to it."""
    changes: int = 0
    """How many resource events follow."""
    warnings: tuple[JsonObject, ...] = ()
    settings: JsonObject = field(default_factory=dict)
    """What the repository's settings say about traffic; empty when they say nothing."""


@dataclass(frozen=True, slots=True)
class CommitRejected:
    """The commit asks for something wrong; the mesh stays what it was."""

    facts: CommitFacts
    problems: tuple[JsonObject, ...] = ()
    omitted: int = 0
    """How many problems were found beyond those listed."""


@dataclass(frozen=True, slots=True)
class ResourceAdded:
    """A resource is new."""

    key: ResourceKey
    commit: CommitId
    spec: JsonObject
    path: str


@dataclass(frozen=True, slots=True)
class ResourceChanged:
    """A resource has another spec."""

    key: ResourceKey
    commit: CommitId
    spec: JsonObject
    path: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class TrafficShifted:
    """A route spreads the same traffic over its targets in other shares; nothing else changed."""

    key: ResourceKey
    commit: CommitId
    spec: JsonObject
    path: str
    weights: tuple[WeightChange, ...]


@dataclass(frozen=True, slots=True)
class ResourceRemoved:
    """A resource is gone."""

    key: ResourceKey
    commit: CommitId


@dataclass(frozen=True, slots=True)
class HistoryRewritten:
    """The branch moved to a commit that does not descend from the last one seen."""

    before: CommitId
    after: CommitId
    merge_base: CommitId | None
    dropped: tuple[CommitId, ...]
    """Commits of the old branch, newest first, that the new one lacks (first parents only)."""
    topology: str
    """``rewritten``, or ``foxtrot`` when the old tip is an ancestor, but not by first parents."""


MeshEvent: TypeAlias = (
    CommitApplied
    | CommitRejected
    | ResourceAdded
    | ResourceChanged
    | TrafficShifted
    | ResourceRemoved
    | HistoryRewritten
)

# ---- delivery chain ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnapshotPublished:
    """The state after this commit was offered to the proxies it concerns."""

    commit: CommitId
    mesh_seq: Seq
    nodes: tuple[str, ...]
    """The node ids, sorted, for which connected proxies were sent something."""
    proxies: int
    unchanged: int = 0
    """Proxies that the commit concerns by its specs, and that needed nothing new: their
    configuration is the same, or their node is gone and they keep what they have."""


@dataclass(frozen=True, slots=True)
class SnapshotConverged:
    """Every proxy that was offered the commit's snapshot acknowledged it (or went away)."""

    commit: CommitId
    proxies: int
    """How many acknowledged it."""
    timings: Mapping[str, int] = field(default_factory=dict)
    """Microseconds since the cause: ``seen``, ``planned``, ``written``, ``acked``."""
    after: Cause = Cause.BRANCH


@dataclass(frozen=True, slots=True)
class SnapshotDelayed:
    """Some proxies that were offered the commit's snapshot have still not acknowledged it."""

    commit: CommitId
    proxies: int
    arrived: int
    refused: int
    waiting: tuple[str, ...] = ()
    """Some of those that neither acknowledged nor refused it, sorted."""


@dataclass(frozen=True, slots=True)
class SnapshotRejected:
    """A proxy refused a type of its snapshot, and said why."""

    commit: CommitId
    node: str
    type_url: str
    version: str
    message: str
    proxy: str = ""
    names: tuple[str, ...] = ()
    """The resources at fault, as far as can be told; else those that were new to the proxy."""
    specs: tuple[str, ...] = ()
    """Keys of the specs that these resources were made from and that are likely at fault."""
    snapshot: str = ""
    """The version of the whole snapshot that the proxy was on its way to."""


@dataclass(frozen=True, slots=True)
class ProxiesSettled:
    """Where proxies stand of which no other event tells it: those who came, or were late.

    Each tuple holds names of proxies, sorted.
    """

    commit: CommitId
    """The commit that was served at the time."""
    mesh_seq: Seq
    in_sync: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    last_accepted: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """From here on other rules decide what the mesh chain gains for a commit."""

    before: int
    after: int
    mesh_seq: Seq
    """The last position of the mesh chain that the rules before decided."""
    version: str
    """Of gitmesh, which brought the new ones."""


@dataclass(frozen=True, slots=True)
class ProxyConnected:
    """A proxy opened a stream and named its node."""

    node: str
    proxy: str
    """Distinguishes proxies of one node: peer address and stream number."""
    version: str
    """What the proxy says it runs."""
    state: ProxyState = ProxyState.BEHIND
    """``HELD``, ``BEHIND`` or ``LAST_ACCEPTED``: what there is for it."""
    commit: CommitId = _NO_COMMIT
    """The commit that is served."""


@dataclass(frozen=True, slots=True)
class ProxiesFlapped:
    """Proxies of a node came and went too often to be told of one by one."""

    node: str
    commit: CommitId
    """The commit that is served."""
    since: str
    """UTC, RFC 3339 in whole seconds."""
    connects: int
    disconnects: int
    connected: tuple[tuple[str, str, str], ...] = ()
    """Those that came and are there: name, version and state, as in :class:`ProxyConnected`."""
    disconnected: tuple[str, ...] = ()
    """Those that the log takes to be connected and that left."""
    reason: str = ""
    """Why the last one left."""


@dataclass(frozen=True, slots=True)
class ProxyDisconnected:
    """A proxy's stream ended."""

    node: str
    proxy: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServingPinned:
    """Whatever the branch says, the mesh of this commit is served until then."""

    commit: CommitId
    mesh_seq: Seq
    """Position in the mesh chain of the state that is served."""
    by: str
    """The user of the machine who asked for it."""
    reason: str
    until: str
    """UTC, RFC 3339 in whole seconds."""


@dataclass(frozen=True, slots=True)
class ServingReleased:
    """The pin is over: what the branch says is served again."""

    commit: CommitId
    """The one that was pinned."""
    why: str
    """``released``, ``expired`` or ``replaced``."""
    by: str
    """Who asked for it; empty where time did."""
    reason: str


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
    """One event as the log holds it."""

    chain: Chain
    seq: Seq
    kind: str
    v: int
    subject: str
    """String form of a resource key, a commit id, a node id; whatever the event is about."""
    commit: str
    actor: str
    at: str
    """When the log took it: UTC, RFC 3339 with microseconds, never earlier than the one before."""
    data: JsonObject
    prev_hash: str
    hash: str
