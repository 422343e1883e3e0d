"""Delivery of each commit to proxies, as events for the log. Pure.

Times are wall-clock nanoseconds read by the caller. A commit is *published* when the proxies it
affects are offered it, and *converged* when each of them has acknowledged all of it or
disconnected. A commit that affects no connected proxy converges at once. A newer commit replaces
one that has not converged; no further event is recorded for that, only for its proxies.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from events.publication import Publication
from events.types import (
    CommitId,
    DeliveryEvent,
    ProxyState,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
)
from xds.delivery.proxy_status import ProxyStatuses, StreamId
from xds.delivery.stream_facts import Explained, Joined, Rejected

_REMEMBERED: Final = 10_000
"""Maximum refusals remembered, so that each is recorded once."""
_LISTED: Final = 20
"""Maximum waiting proxies that one event names."""
DELAYS_S: Final = (5.0, 30.0, 300.0)
"""Times after publication at which an unconverged commit is reported as delayed."""


@dataclass(slots=True)
class Pending:
    """The commit that is being delivered."""

    publication: Publication
    commit: CommitId
    nodes: set[str] = field(default_factory=set)
    offered: set[StreamId] = field(default_factory=set)
    waiting: set[StreamId] = field(default_factory=set)
    unreached: set[StreamId] = field(default_factory=set)
    """Proxies of a server that does not answer: it is not known whether the commit affects them.
    """
    unchanged: int = 0
    """How many needed nothing new, though it affects them by its specs."""
    gone: int = 0
    """Number of proxies that disconnected before they had it."""
    written_ns: int | None = None
    acked_ns: int | None = None
    """Time of the last acknowledgement so far."""
    told: bool = False
    delays: int = 0
    """Number of delays reported so far."""
    disputed: bool = False
    """True if a refusal is recorded, so that it may never converge."""

    @property
    def one_by_one(self) -> bool:
        """True if acknowledgements are recorded before all proxies have acknowledged."""
        return self.delays > 0 or self.disputed


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A refusal that is not recorded yet, because its cause is still being determined."""

    stream: StreamId
    proxy: str
    fact: Rejected


class Delivery:
    """Turns facts about streams into events of the delivery chain."""

    def __init__(self) -> None:
        self.statuses = ProxyStatuses()
        self._pending: Pending | None = None
        self._refusals: OrderedDict[tuple[str, str, str, CommitId], None] = OrderedDict()
        self._unexplained: dict[tuple[str, str, str], list[_Refusal]] = {}

    # ---- commits ---------------------------------------------------------------------------------

    def begin(self, publication: Publication) -> Pending | None:
        """Begin to offer a publication; return it as pending if it has a commit.

        Of the previous one, only the proxies that it was offered to are still recorded
        (:meth:`overtaken`).
        """
        commit = publication.state.commit
        if self._pending is not None:
            self.statuses.owe(self._pending.offered)
        self._pending = None if commit is None else Pending(publication, commit)
        # A commit that is served again may be refused again, and that is a new event.
        for key in [key for key in self._refusals if key[-1] == commit]:
            del self._refusals[key]
        return self._pending

    def offered(self, stream: StreamId, node: str, pending: Pending | None = None) -> None:
        """Record that a stream is offered a publication: the newest, or an overtaken one."""
        pending = self._pending if pending is None else pending
        if pending is not None:
            pending.unreached.discard(stream)
            pending.nodes.add(node)
            pending.offered.add(stream)
            pending.waiting.add(stream)
        self.statuses.put(stream, ProxyState.BEHIND)

    def published(self, now_ns: int) -> list[DeliveryEvent]:
        """Record that all proxies that the publication affects have been offered it."""
        pending = self._pending
        if pending is None:
            return []
        pending.told = True
        told = _published(pending)
        self.statuses.told_behind(told.nodes, pending.offered)
        if pending.disputed:
            self.statuses.owe(pending.offered)
        return [told, *self._converge(now_ns)]

    def overtaken(self, pending: Pending) -> list[DeliveryEvent]:
        """Return the event of a publication that was still being offered when a newer one began."""
        told = _published(pending)
        self.statuses.told_behind(told.nodes, pending.offered)
        return [told]

    def unreached(self, streams: Collection[StreamId]) -> None:
        """Say that the server of these does not answer: they do not get the publication now.

        They are behind, and the commit does not converge, until :meth:`reached` or they are gone.
        """
        if self._pending is not None:
            unreached = set(streams) - self._pending.offered
            self._pending.unreached |= unreached
            self.statuses.strand(unreached)

    def reached(self, streams: Collection[StreamId], now_ns: int) -> list[DeliveryEvent]:
        """Record that an unresponsive server has now offered the publication to these streams."""
        self.statuses.resume(streams)
        if self._pending is None:
            return []
        self._pending.unreached.difference_update(streams)
        return self._converge(self._pending.acked_ns or now_ns)

    def wrote(self, stream: StreamId, now_ns: int) -> None:
        """Record that a response was handed to the transport."""
        if self._pending is not None and stream in self._pending.waiting:
            self._pending.written_ns = now_ns
        if self.statuses.state(stream) is ProxyState.IN_SYNC:
            self.statuses.put(stream, ProxyState.BEHIND, owe=False)

    def arrived(self, stream: StreamId, now_ns: int) -> list[DeliveryEvent]:
        """Record that a stream has acknowledged its whole target."""
        pending = self._pending
        # The events of a pending commit cover its proxies, unless it takes too long to converge.
        owe = pending is None or stream not in pending.offered or pending.one_by_one
        if pending is not None and stream in pending.waiting and pending.written_ns is None:
            # The answer may arrive before the transport reports the write.
            pending.written_ns = now_ns
        if self.statuses.state(stream) is not ProxyState.LAST_ACCEPTED:
            self.statuses.put(stream, ProxyState.IN_SYNC, owe=owe)
        return self._heard(stream, now_ns)

    def refused(self, stream: StreamId, fact: Rejected) -> None:
        """Record that a proxy refused a response.

        Each refused content of a node becomes one event per commit, once its cause is determined.
        """
        if stream not in self.statuses:
            return
        self.statuses.put(stream, ProxyState.REFUSED)
        content = (fact.node, fact.type_url, fact.version)
        key = (*content, fact.commit)
        known = key in self._refusals
        self._refusals[key] = None
        self._refusals.move_to_end(key)
        if len(self._refusals) > _REMEMBERED:
            self._refusals.popitem(last=False)
        if not known:
            told = _Refusal(stream, self.statuses.name(stream), fact)
            self._unexplained.setdefault(content, []).append(told)

    def explained(self, fact: Explained) -> list[DeliveryEvent]:
        """Record the specs that caused a node's refusal."""
        refusals = self._unexplained.pop((fact.node, fact.type_url, fact.version), ())
        return [self._tell(refusal, fact.specs) for refusal in refusals]

    def unexplained(self, of: Callable[[StreamId], bool]) -> list[DeliveryEvent]:
        """Give up determining the causes of refusals that these streams reported first."""
        waiting, self._unexplained, told = self._unexplained, {}, list[DeliveryEvent]()
        for content, refusals in waiting.items():
            told += [self._tell(refusal, ()) for refusal in refusals if of(refusal.stream)]
            if others := [refusal for refusal in refusals if not of(refusal.stream)]:
                self._unexplained[content] = others
        return told

    def _tell(self, refusal: _Refusal, specs: tuple[str, ...]) -> SnapshotRejected:
        # The proxy may have accepted something else in the meantime.
        self.statuses.told([refusal.stream], ProxyState.REFUSED)
        self.statuses.owe([refusal.stream])
        fact, pending = refusal.fact, self._pending
        if pending is not None and pending.commit == fact.commit:
            pending.disputed = True
            self.statuses.owe(pending.offered)
        return SnapshotRejected(
            fact.commit,
            fact.node,
            fact.type_url,
            fact.version,
            fact.message,
            refusal.proxy,
            fact.names,
            specs,
            fact.snapshot,
        )

    def fell_back(self, stream: StreamId) -> None:
        """Record that a stream is served the last accepted snapshot."""
        self.statuses.put(stream, ProxyState.LAST_ACCEPTED)

    def released(self, stream: StreamId) -> None:
        """Record that a stream is served the newest snapshot again; no commit waits for it."""
        self.statuses.put(stream, ProxyState.BEHIND)

    def delayed(self) -> list[DeliveryEvent]:
        """Record that the next delay (:data:`DELAYS_S`) has passed since publication."""
        pending = self._pending
        if pending is None or not pending.told:
            return []
        pending.delays += 1
        self.statuses.owe(pending.offered)
        refused, late = 0, []
        for stream in pending.waiting:
            if self.statuses.state(stream) is ProxyState.BEHIND:
                late.append(self.statuses.name(stream))
            else:
                refused += 1
        late += map(self.statuses.name, pending.unreached)
        total = len(pending.offered) + len(pending.unreached)
        arrived = len(pending.offered) - len(pending.waiting)
        waiting = tuple(sorted(late)[:_LISTED])
        return [SnapshotDelayed(pending.commit, total, arrived, refused, waiting)]

    @property
    def next_delay_s(self) -> float | None:
        """Time after publication at which the next delay is reported, if any."""
        pending = self._pending
        if pending is None or not pending.told or pending.delays >= len(DELAYS_S):
            return None
        return DELAYS_S[pending.delays]

    def _heard(self, stream: StreamId, now_ns: int) -> list[DeliveryEvent]:
        if self._pending is None or stream not in self._pending.waiting:
            return []
        self._pending.waiting.discard(stream)
        self._pending.acked_ns = now_ns
        return self._converge(now_ns)

    def _converge(self, acked_ns: int | None) -> list[DeliveryEvent]:
        pending = self._pending
        if pending is None or pending.waiting or pending.unreached or not pending.told:
            return []
        self._pending = None
        self.statuses.told(pending.offered, ProxyState.IN_SYNC)
        self.statuses.owe(pending.offered)
        have = len(pending.offered) - pending.gone
        timings = _timings(pending, acked_ns if have else None)
        return [SnapshotConverged(pending.commit, have, timings, pending.publication.cause)]

    # ---- proxies ---------------------------------------------------------------------------------

    def connected(self, stream: StreamId, joined: Joined, now_ns: int) -> list[DeliveryEvent]:
        """Record that a stream named its node."""
        return self.statuses.connected(stream, joined, now_ns)

    def disconnected(self, stream: StreamId, reason: str) -> list[DeliveryEvent]:
        """Record that a stream ended; no commit waits for it."""
        left = self.statuses.disconnected(stream, reason)
        pending = self._pending
        if pending is None or not (stream in pending.waiting or stream in pending.unreached):
            return left
        pending.gone += stream in pending.waiting
        pending.waiting.discard(stream)
        pending.unreached.discard(stream)
        return left + self._converge(pending.acked_ns)


def _published(pending: Pending) -> SnapshotPublished:
    seq, nodes = pending.publication.state.seq, tuple(sorted(pending.nodes))
    return SnapshotPublished(pending.commit, seq, nodes, len(pending.offered), pending.unchanged)


def _timings(pending: Pending, acked_ns: int | None) -> dict[str, int]:
    """Return microseconds since the cause; empty if the time of the cause is unknown."""
    moved = pending.publication.moved_ns
    if moved is None:
        return {}
    times = {
        "seen": pending.publication.seen_ns,
        "planned": pending.publication.planned_ns,
        "written": pending.written_ns,
        "acked": acked_ns,
    }
    return {name: max(0, at - moved) // 1000 for name, at in times.items() if at is not None}
