"""What becomes of a pushed commit, as the log tells it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from events.codec import decode
from events.fleet import Fleet
from events.store import EventLog
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
    """How far a commit has come."""

    applied: CommitApplied | None = None
    rejected: CommitRejected | None = None
    published: SnapshotPublished | None = None
    converged: SnapshotConverged | None = None
    refusals: tuple[SnapshotRejected, ...] = ()
    connected: int | None = None
    """How many proxies there are at all, if that was to be known."""
    in_force: bool = False
    """Whether proxies have it though it was not published: a server found it when it started."""

    @property
    def ended(self) -> bool:
        """Tell whether nothing more is to be waited for."""
        return bool(self.rejected or self.converged or self.refusals)

    @property
    def idle(self) -> bool:
        """Tell whether it is applied, and there is nobody to whom that is news."""
        return self.applied is not None and (self.connected == 0 or self.in_force)


def progress(log: EventLog, commit: CommitId, before: CommitId | None) -> Progress:
    """Return how far a commit has come since the branch left the commit ``before``.

    What became of it when it was on the branch earlier is nothing new.
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
    """Return how far a commit has come by the events that carry it, in their order.

    One that was served before, and is again, has come as far as its last time.
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


def _in_force(log: EventLog, applied_at: str) -> bool:
    """Tell whether everybody has what a server found when it began to serve."""
    fleet = Fleet(log)
    if fleet.started_at() < applied_at:
        return False
    well = (ProxyState.IN_SYNC, ProxyState.NODE_REMOVED)
    return all(proxy.state in well for proxy in fleet.proxies())
