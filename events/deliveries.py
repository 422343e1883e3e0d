"""Proxies and deliveries according to the log: the values, and the queries that return them.

An event store implements both protocols.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from events.types import (
    CommitId,
    ProxyState,
    Seq,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    WorkerUnresponsive,
)
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey

OF_SERVING: Final = (
    "SnapshotPublished",
    "SnapshotConverged",
    "SnapshotDelayed",
    "SnapshotRejected",
    "ProxyConnected",
    "ProxiesSettled",
    "ServingPinned",
)
"""Event kinds whose ``commit`` was served by a server."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that is connected according to the log."""

    node: str
    name: str
    """Peer address and stream number."""
    version: str
    """Name and version of the proxy's software, as the proxy reports them."""
    connected_at: str
    state: ProxyState
    commit: CommitId
    """Commit of the current state; for a proxy in sync, the last commit that it acknowledged."""
    since: str
    """Time since which the proxy is in this state."""
    refusal: SnapshotRejected | None
    """The refusal, if the proxy refuses something or is served an older snapshot because of a
    refusal."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Result of one publication of a commit."""

    published_at: str
    published: SnapshotPublished
    converged_at: str | None
    converged: SnapshotConverged | None
    overtaken_by: CommitId | None
    """The commit that was published next, if this one had not converged by then."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A snapshot that a node's proxies refused, and that none of them has accepted since."""

    snapshot: str
    """Version of the snapshot."""
    at_s: float
    """Time of the refusal, in seconds since the epoch."""


class Fleet(Protocol):
    """Queries about connected proxies, deliveries, and a degraded source.

    Each may raise what :class:`events.store.EventReader` raises. Times are in the log's text form
    (:func:`events.query.time_text`).
    """

    def proxies(self, at: Seq | None = None) -> list[Proxy]:
        """Return the proxies that are connected, by node and name.

        :param at: the position in the mesh chain that is served; the newest by default.
        """

    def deliveries(self, commit: CommitId) -> list[Delivered]:
        """Return the result of each publication of the commit, in order.

        The start and the end of a pin publish a commit again.
        """

    def started_at(self) -> str:
        """Return the time of the last server start; "" if there was none.

        That server serves everything that was logged before its start.
        """

    def refusals(self, commit: CommitId) -> list[SnapshotRejected]:
        """Return the refusals of this commit's snapshots by proxies, in order."""

    def degraded(self) -> list[tuple[str, SourceDegraded]]:
        """Return the reasons why the repository cannot be followed now, with the time of each."""

    def unresponsive(self) -> list[tuple[str, WorkerUnresponsive]]:
        """Return the workers that do not answer, with the time at which that was detected."""

    def path(self, key: ResourceKey, at: Seq) -> str | None:
        """Return the file of a resource at a position of the mesh chain."""


class Past(Protocol):
    """Queries about earlier deliveries: what proxies accepted and refused before a restart.

    Each may raise what :class:`events.store.EventReader` raises.
    """

    def refusals(self) -> Mapping[str, Refused]:
        """Return the refused snapshots, by node id."""

    def accepted(self, node: str) -> Seq | None:
        """Return the mesh chain position of the newest mesh that a proxy of the node accepted.

        ``None`` if no proxy of the node ever accepted one.
        """

    def before(self, now: Seq, most: int) -> tuple[Seq, ...]:
        """Return up to ``most`` positions of applied commits before ``now``, newest first."""

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        """Return the changes that turn the mesh at ``now`` into the mesh at ``before``.

        The result has, for each differing resource, its earlier spec, or ``None`` if it did not
        exist. The cost is proportional to the changes in between.
        """

    def settings(self, at: Seq) -> JsonObject:
        """Return the traffic settings at a position of the mesh chain."""
