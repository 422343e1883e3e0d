"""Events about snapshots of the mesh: offered to proxies, acknowledged, late, refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from events.types.positions import CommitId, Seq


class Cause(StrEnum):
    """Cause of a publication; its timings start at the time of the cause."""

    BRANCH = "branch"
    """The branch moved: by a push, a rollback, or a commit in the repository itself."""
    PIN = "pin"
    """A commit was pinned."""
    RELEASE = "release"
    """A pin ended."""
    UNKNOWN = ""
    """The log does not record the cause."""


@dataclass(frozen=True, slots=True)
class SnapshotPublished:
    """The state after this commit was offered to the proxies that it affects."""

    commit: CommitId
    mesh_seq: Seq
    nodes: tuple[str, ...]
    """Sorted ids of the nodes whose connected proxies were sent an update."""
    proxies: int
    unchanged: int = 0
    """Number of affected proxies that were sent nothing: their configuration stays the same, or
    their node was removed and they keep the last one."""


@dataclass(frozen=True, slots=True)
class SnapshotConverged:
    """Every proxy that was offered the commit's snapshot acknowledged it or disconnected."""

    commit: CommitId
    proxies: int
    """Number of proxies that acknowledged it."""
    timings: Mapping[str, int] = field(default_factory=dict)
    """Microseconds since the cause: ``seen``, ``planned``, ``written``, ``acked``."""
    after: Cause = Cause.BRANCH


@dataclass(frozen=True, slots=True)
class SnapshotDelayed:
    """Some proxies did not acknowledge the commit's snapshot in time."""

    commit: CommitId
    proxies: int
    arrived: int
    refused: int
    waiting: tuple[str, ...] = ()
    """Some of the proxies that have not answered, sorted."""


@dataclass(frozen=True, slots=True)
class SnapshotRejected:
    """A proxy refused one type of its snapshot, with a reason."""

    commit: CommitId
    node: str
    type_url: str
    version: str
    message: str
    proxy: str = ""
    names: tuple[str, ...] = ()
    """The invalid resources, if known; else the resources that were new to the proxy."""
    specs: tuple[str, ...] = ()
    """Keys of the specs that likely caused the refusal."""
    snapshot: str = ""
    """Version of the whole snapshot that was being rolled out."""
