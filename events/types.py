"""Event types of both chains.

Names of kinds and the form of their data are a public file format: docs/events.md describes them,
:mod:`events.encoding.codec` writes and reads them. Mesh events are a pure function of git history.
Delivery events are observations of this server; most are in :mod:`events.snapshot_types`,
:mod:`events.proxy_types`, :mod:`events.push_types` and :mod:`events.server_types`.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from events.positions import START as START
from events.positions import Chain as Chain
from events.positions import CommitId as CommitId
from events.positions import Seq as Seq
from events.proxy_types import ProxiesFlapped as ProxiesFlapped
from events.proxy_types import ProxiesSettled as ProxiesSettled
from events.proxy_types import ProxyConnected as ProxyConnected
from events.proxy_types import ProxyDisconnected as ProxyDisconnected
from events.proxy_types import ProxyState as ProxyState
from events.push_types import PushReceived as PushReceived
from events.push_types import PushRefused as PushRefused
from events.server_types import CONNECTIONS_FULL as CONNECTIONS_FULL
from events.server_types import ServerStarted as ServerStarted
from events.server_types import SourceDegraded as SourceDegraded
from events.server_types import SourceRecovered as SourceRecovered
from events.server_types import WorkerResponsive as WorkerResponsive
from events.server_types import WorkerUnresponsive as WorkerUnresponsive
from events.snapshot_types import Cause as Cause
from events.snapshot_types import SnapshotConverged as SnapshotConverged
from events.snapshot_types import SnapshotDelayed as SnapshotDelayed
from events.snapshot_types import SnapshotPublished as SnapshotPublished
from events.snapshot_types import SnapshotRejected as SnapshotRejected
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Signature:
    """Author or committer of a commit, and the time they claim: claims, not proof."""

    name: str
    email: str
    at: str
    """RFC 3339, with the commit's own offset."""


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """Metadata of a commit."""

    commit: CommitId
    tree: str
    parents: tuple[CommitId, ...]
    author: Signature
    committer: Signature
    message: str
    trailers: tuple[tuple[str, str], ...] = ()
    reverts: tuple[CommitId, ...] = ()
    """Commits that the message claims to revert."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """Difference in one field of a spec; ``None`` means absent."""

    where: str
    """JSON path in the spec: ``$.httpRoute.action.weightedTargets[0].weight``."""
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class WeightChange:
    """Weight of one target before and after a shift; 0 if it was no target."""

    virtual_node: str
    port: int | None
    before: int
    after: int


# ---- mesh chain -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommitApplied:
    """A commit was applied to the mesh. Its resource events follow in the same transaction."""

    facts: CommitFacts
    restores: CommitId | None = None
    """The latest earlier applied commit with the same tree: an exact rollback to it."""
    changes: int = 0
    """Number of resource events that follow."""
    warnings: tuple[JsonObject, ...] = ()
    settings: JsonObject = field(default_factory=dict)
    """Traffic settings of the repository; empty if there are none."""


@dataclass(frozen=True, slots=True)
class CommitRejected:
    """A commit is invalid; the mesh stays unchanged."""

    facts: CommitFacts
    problems: tuple[JsonObject, ...] = ()
    omitted: int = 0
    """Number of problems beyond those listed."""


@dataclass(frozen=True, slots=True)
class ResourceAdded:
    """A resource was added."""

    key: ResourceKey
    commit: CommitId
    spec: JsonObject
    path: str


@dataclass(frozen=True, slots=True)
class ResourceChanged:
    """A resource's spec changed."""

    key: ResourceKey
    commit: CommitId
    spec: JsonObject
    path: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class TrafficShifted:
    """The weights of a route's targets changed, and nothing else."""

    key: ResourceKey
    commit: CommitId
    spec: JsonObject
    path: str
    weights: tuple[WeightChange, ...]


@dataclass(frozen=True, slots=True)
class ResourceRemoved:
    """A resource was removed."""

    key: ResourceKey
    commit: CommitId


@dataclass(frozen=True, slots=True)
class HistoryRewritten:
    """The branch moved to a commit that does not descend from the last one seen."""

    before: CommitId
    after: CommitId
    merge_base: CommitId | None
    dropped: tuple[CommitId, ...]
    """Commits of the old branch that the new one lacks, newest first (first parents only)."""
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
class RulesChanged:
    """From here on, other validation rules decide about commits."""

    before: int
    after: int
    mesh_seq: Seq
    """The last position of the mesh chain that the previous rules decided."""
    version: str
    """Version of gitmesh with the new rules."""


@dataclass(frozen=True, slots=True)
class ServingPinned:
    """The mesh of this commit is served until a time, whatever the branch says."""

    commit: CommitId
    mesh_seq: Seq
    """Position in the mesh chain of the state that is served."""
    by: str
    """System user who requested it."""
    reason: str
    until: str
    """UTC, RFC 3339 in whole seconds."""


@dataclass(frozen=True, slots=True)
class ServingReleased:
    """A pin ended: the branch decides again."""

    commit: CommitId
    """The pinned commit."""
    why: str
    """``released``, ``expired`` or ``replaced``."""
    by: str
    """System user who requested it; empty if it expired."""
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
    """Recording time: UTC, RFC 3339 with microseconds, never earlier than the one before."""
    data: JsonObject
    prev_hash: str
    hash: str
