"""Delivery of a pushed commit, according to the log."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from events.encoding.codec import decode
from events.store import EventReader
from events.types import (
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    Event,
    ProxyState,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a commit's delivery."""

    applied: CommitApplied | None = None
    rejected: CommitRejected | None = None
    published: SnapshotPublished | None = None
    converged: SnapshotConverged | None = None
    refusals: tuple[SnapshotRejected, ...] = ()
    connected: int | None = None
    """Total number of connected proxies, if requested."""
    in_force: bool = False
    """True if proxies have the commit without a publication, because a server started with it."""

    @property
    def ended(self) -> bool:
        """Return whether the state is final."""
        return bool(self.rejected or self.converged or self.refusals)

    @property
    def idle(self) -> bool:
        """Return whether the commit is applied and affects no connected proxy."""
        return self.applied is not None and (self.connected == 0 or self.in_force)


def progress(log: EventReader, commit: CommitId, before: CommitId | None) -> Progress:
    """Return the state of a commit's delivery since the branch left the commit ``before``.

    Deliveries from earlier times on the branch do not count.
    """
    left = log.seq_of_commit(before) if before else None
    mesh = [r for r in log.about(commit, Chain.MESH) if left is None or r.seq > left]
    if not mesh:
        return Progress()
    delivery = (r for r in log.about(commit, Chain.DELIVERY) if r.at >= mesh[0].at)
    found = _read(map(decode, (*mesh, *delivery)))
    if found.applied is None or (found.published and found.published.proxies):
        return found
    connected = sum(log.connected_nodes().values())
    if found.published is not None:
        return replace(found, connected=connected)
    return replace(found, connected=connected, in_force=_in_force(log, mesh[-1].at))


def _read(events: Iterable[Event]) -> Progress:
    """Return the state of delivery according to a commit's events, in order.

    For a commit that is served again, its last delivery counts.
    """
    found = Progress()
    for event in events:
        match event:
            case CommitApplied():
                found = Progress(applied=event)
            case CommitRejected():
                found = Progress(rejected=event)
            case SnapshotPublished():
                found = Progress(found.applied, found.rejected, event)
            case SnapshotConverged():
                found = replace(found, converged=event)
            case SnapshotRejected():
                found = replace(found, refusals=(*found.refusals, event))
    return found


def _in_force(log: EventReader, applied_at: str) -> bool:
    """Return whether all proxies have the mesh with which a server started."""
    fleet = log.fleet()
    if fleet.started_at() < applied_at:
        return False
    well = (ProxyState.IN_SYNC, ProxyState.NODE_REMOVED)
    return all(proxy.state in well for proxy in fleet.proxies())
