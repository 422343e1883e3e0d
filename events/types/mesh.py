"""Events of the mesh chain: a pure function of git history."""

from dataclasses import dataclass, field
from typing import TypeAlias

from events.types.positions import CommitId
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Signature:
    """Author or committer of a commit, with a time. Anyone can write these into a commit: they
    prove nothing."""

    name: str
    email: str
    at: str
    """Time in RFC 3339, with the UTC offset in the commit."""


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
    """Weight of one target before and after a shift; 0 where it was not a target."""

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
    """The latest earlier applied commit with the same tree: this commit is an exact rollback to
    that one."""
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
    """The weights of a route's targets changed, and nothing else in its spec."""

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
