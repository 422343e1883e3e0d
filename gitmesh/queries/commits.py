"""A commit according to the log: its metadata, its changes, its delivery and their effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from events.deliveries import OF_SERVING
from events.encoding.codec import decode
from events.query import Query
from events.store import EventReader
from events.types import (
    Chain,
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    Event,
    HistoryRewritten,
    Record,
    Seq,
    ServingPinned,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from mesh.errors import Fatal, UsageError


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """All events of one commit."""

    about: CommitApplied | CommitRejected
    at: str
    """Recording time of the commit, in UTC."""
    first: Seq
    records: tuple[Record, ...]
    """The commit's events in the mesh chain, ``CommitApplied`` or ``CommitRejected`` first."""
    delivery: tuple[Record, ...]
    """The commit's events in the delivery chain."""
    rewritten: HistoryRewritten | None = None
    """Event of the force push that moved the branch to this commit, with the commits that the
    branch lost."""
    instead: CommitId | None = None
    """The commit that replaced this one before it was served; None if this one was served or
    rejected."""

    @property
    def facts(self) -> CommitFacts:
        """Metadata of the commit."""
        return self.about.facts

    @property
    def rejected(self) -> bool:
        """True if the commit was rejected."""
        return isinstance(self.about, CommitRejected)


OF_DELIVERY: Final = (
    "SnapshotPublished",
    "SnapshotConverged",
    "SnapshotRejected",
    "ServingPinned",
    "PushReceived",
)
"""Event kinds of the delivery chain that tell the effect of a commit, and its pushes. There are few
of each commit; of the others there may be some for each proxy."""


def logged_commit(log: EventReader, seq: Seq, kinds: tuple[str, ...] = ()) -> LoggedCommit:
    """Return the commit whose transaction contains this position of the mesh chain.

    :param kinds: the kinds of its events in the delivery chain that are read; all if empty.
    :raises UsageError: no transaction contains it.
    :raises Fatal: the log is damaged.
    """
    first = log.first_seq_of_commit(seq)
    if first is None:
        raise _no_commit(log, seq)
    before, records = _transaction(log, first)
    if not records:
        raise Fatal(
            f"the log's tables name event {first}, which its mesh chain does not hold",
            hint="run gitmesh verify on the log",
        )
    event = decode(records[0])
    if not isinstance(event, CommitApplied | CommitRejected):
        raise UsageError(f"event {first} is about no commit", hint="see: gitmesh log --chain mesh")
    commit = event.facts.commit
    delivery = tuple(
        log.select(Chain.DELIVERY, Query(commit=commit, kinds=kinds))
        if kinds
        else log.about(commit, Chain.DELIVERY)
    )
    told = isinstance(event, CommitRejected) or any(each.kind in OF_SERVING for each in delivery)
    return LoggedCommit(
        event,
        records[0].at,
        first,
        records,
        delivery,
        _rewritten(before, commit),
        None if told else log.served_instead_of(commit),
    )


def _rewritten(before: Record | None, commit: CommitId) -> HistoryRewritten | None:
    """Return the ``HistoryRewritten`` event before a commit's own events, in the same transaction,
    if there is one."""
    event = None if before is None else decode(before)
    return event if isinstance(event, HistoryRewritten) and event.after == commit else None


def facts_of(log: EventReader, seq: Seq) -> tuple[CommitFacts, str]:
    """Return metadata and recording time of the commit whose transaction contains this position.

    :raises UsageError: no transaction contains it.
    """
    first = log.first_seq_of_commit(seq)
    for record in log.read(Chain.MESH, after=Seq((first or 1) - 1), limit=1):
        event = decode(record)
        if first is not None and isinstance(event, CommitApplied | CommitRejected):
            return event.facts, record.at
    raise _no_commit(log, seq)


def beginning(log: EventReader) -> str:
    """Return a hint with the first commit of the mesh's history."""
    first = next(iter(log.read(Chain.MESH, limit=1)), None)
    return "the log has no commit yet" if first is None else f"the log begins at {first.at[:19]}Z"


def _no_commit(log: EventReader, seq: Seq) -> UsageError:
    if seq == 0:
        return UsageError("there was no commit yet", hint=beginning(log))
    return UsageError(f"event {seq} belongs to no commit", hint="see: gitmesh log --chain mesh")


def _transaction(log: EventReader, first: Seq) -> tuple[Record | None, tuple[Record, ...]]:
    """Return the event before a transaction, and the events of the transaction."""
    before, found = None, list[Record]()
    for record in log.read(Chain.MESH, after=Seq(max(0, first - 2))):
        if record.seq < first:
            before = record
        elif not found or (record.at == found[0].at and record.commit == found[0].commit):
            found.append(record)
        else:
            break
    return before, tuple(found)


@dataclass(frozen=True, slots=True)
class Taken:
    """First delivery of a commit that all proxies acknowledged."""

    proxies: int
    of: int
    """Number of proxies to which the commit was offered."""
    took_us: int | None
    """Time until the last proxy acknowledged the commit, in microseconds; ``None`` if unknown."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Effect of a commit on proxies since it was recorded, or the earlier effect if none since."""

    refused_by: tuple[str, ...]
    """Nodes whose proxies refused the commit, one entry per refusal."""
    taken: Taken | None
    """``None`` if a proxy has not acknowledged the commit, or if it affects no proxy."""
    pins: tuple[ServingPinned, ...]
    """Pins of the commit, oldest first."""


def effect_of(found: LoggedCommit) -> Effect:
    """Return the effect of a commit: its refusals, its first delivery, and its pins."""
    told = [decode(record) for record in found.delivery if record.at >= found.at]
    told = told or [decode(record) for record in found.delivery]
    return Effect(
        tuple(event.node for event in told if isinstance(event, SnapshotRejected)),
        _taken(told),
        tuple(event for event in told if isinstance(event, ServingPinned)),
    )


def _taken(told: Sequence[Event]) -> Taken | None:
    offered: int | None = None
    for event in told:
        match event:
            case ServingPinned():
                return None
            case SnapshotPublished() if offered is not None:
                return None
            case SnapshotPublished():
                offered = event.proxies
            case SnapshotConverged() if event.proxies:
                of = max(offered or 0, event.proxies)
                return Taken(event.proxies, of, event.timings.get("acked"))
            case _:
                pass
    return None
