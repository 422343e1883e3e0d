"""Delivery of one commit to the proxies that it affects. Pure.

A commit is *published* when all servers have offered it to the proxies that it affects, and
*converged* when each of these proxies has acknowledged all of it or disconnected. A commit that
affects no connected proxy converges at once. A newer commit replaces a commit that has not
converged; then no further event is recorded for the older commit, only for its proxies.

Times are wall-clock nanoseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from events.publication import Publication
from events.types import CommitId, Seq, SnapshotConverged, SnapshotDelayed, SnapshotPublished
from xds.delivery.proxy_status import StreamId

DELAYED_AFTER_S: Final = (5.0, 30.0, 300.0)
"""Times after publication at which ``SnapshotDelayed`` is recorded for a commit that lacks ACKs."""
_LISTED: Final = 20
"""Maximum waiting proxies that one event names."""


@dataclass(slots=True, eq=False)
class CommitDelivery:
    """A publication, the servers that offer it, and the proxies that it affects."""

    publication: Publication
    offering: set[int]
    """Servers that have not offered the publication to all of their proxies yet."""
    skipped: bool = False
    """True if a server skipped this publication for a newer one, or does not answer."""
    nodes: set[str] = field(default_factory=set)
    offered: set[StreamId] = field(default_factory=set)
    waiting: set[StreamId] = field(default_factory=set)
    """Streams that were offered the publication and have not answered completely."""
    unreached: set[StreamId] = field(default_factory=set)
    """Proxies of a server that does not answer: it is not known whether the commit affects them.
    """
    unchanged: int = 0
    """Number of affected proxies whose configuration stays the same."""
    published: bool = False
    converged: bool = False
    disputed: bool = False
    """True if a refusal is recorded, so that the commit may never converge."""
    delays: int = 0
    """Number of delays reported so far."""
    acked_ns: int | None = None
    """Time of the last acknowledgement so far."""
    _gone: int = 0
    """Number of proxies that disconnected before they acknowledged it."""
    _written_ns: int | None = None

    @property
    def commit(self) -> CommitId | None:
        """The published commit. ``None`` if there is no commit yet; then nothing is recorded."""
        return self.publication.state.commit

    @property
    def pending(self) -> bool:
        """True if there is a commit, and it has not converged."""
        return self.commit is not None and not self.converged

    @property
    def one_by_one(self) -> bool:
        """True if acknowledgements are recorded before all proxies have acknowledged."""
        return self.delays > 0 or self.disputed

    @property
    def next_delay_s(self) -> float | None:
        """Time from the last report, or from publication, to the next report of a delay, if any."""
        if not (self.pending and self.published) or self.delays >= len(DELAYED_AFTER_S):
            return None
        return DELAYED_AFTER_S[self.delays] - (
            DELAYED_AFTER_S[self.delays - 1] if self.delays else 0.0
        )

    # ---- facts -----------------------------------------------------------------------------------

    def offer(self, stream: StreamId, node: str) -> None:
        """Record that a stream is offered the commit."""
        self.unreached.discard(stream)
        self.nodes.add(node)
        self.offered.add(stream)
        self.waiting.add(stream)

    def wrote(self, stream: StreamId, now_ns: int) -> None:
        """Record that a response was handed to the transport."""
        if stream in self.waiting:
            self._written_ns = now_ns

    def acknowledge(self, stream: StreamId, now_ns: int) -> None:
        """Record that a stream has acknowledged its whole target."""
        if stream in self.waiting:
            self.waiting.discard(stream)
            self.acked_ns = now_ns
            if self._written_ns is None:
                # The answer may arrive before the transport reports the write.
                self._written_ns = now_ns

    def leave(self, stream: StreamId) -> None:
        """Record that a stream ended, so that the delivery no longer waits for it."""
        self._gone += stream in self.waiting
        self.waiting.discard(stream)
        self.unreached.discard(stream)

    # ---- events ----------------------------------------------------------------------------------

    def publish(self) -> list[SnapshotPublished]:
        """Mark the commit as offered by all servers; return the event, none without a commit."""
        self.published = True
        if self.commit is None:
            return []
        seq, nodes = self.publication.state.seq, tuple(sorted(self.nodes))
        return [SnapshotPublished(self.commit, seq, nodes, len(self.offered), self.unchanged)]

    def converge(self, acked_ns: int | None) -> list[SnapshotConverged]:
        """Return the event for convergence, once, when the commit has converged.

        :param acked_ns: time of the last acknowledgement, if there was one.
        """
        waits = self.waiting or self.unreached or not self.published
        if self.commit is None or waits or self.converged:
            return []
        self.converged = True
        have = len(self.offered) - self._gone
        timings = self._timings(acked_ns if have else None)
        return [SnapshotConverged(self.commit, have, timings, self.publication.cause)]

    def delay(self, behind: Sequence[str], unreached: Sequence[str]) -> list[SnapshotDelayed]:
        """Count a delay; return the event for it, none without a commit.

        :param behind: names of the awaited proxies that have not refused it.
        :param unreached: names of the proxies whose server does not answer.
        """
        if self.commit is None:
            return []
        self.delays += 1
        total = len(self.offered) + len(self.unreached)
        arrived = len(self.offered) - len(self.waiting)
        refused = len(self.waiting) - len(behind)
        late = tuple(sorted((*behind, *unreached))[:_LISTED])
        return [SnapshotDelayed(self.commit, total, arrived, refused, late)]

    def _timings(self, acked_ns: int | None) -> dict[str, int]:
        """Return microseconds since the cause; empty if the time of the cause is unknown."""
        moved = self.publication.moved_ns
        if moved is None:
            return {}
        times = {
            "seen": self.publication.seen_ns,
            "planned": self.publication.planned_ns,
            "written": self._written_ns,
            "acked": acked_ns,
        }
        return {name: max(0, at - moved) // 1000 for name, at in times.items() if at is not None}


class Deliveries:
    """The newest delivery, and the earlier ones that servers still offer."""

    def __init__(self) -> None:
        self._all: list[CommitDelivery] = []
        """The deliveries, oldest first."""

    @property
    def newest(self) -> CommitDelivery | None:
        """The newest delivery, if there was any."""
        return self._all[-1] if self._all else None

    @property
    def pending(self) -> CommitDelivery | None:
        """The newest delivery, while it has a commit that has not converged."""
        newest = self.newest
        return newest if newest is not None and newest.pending else None

    def begin(self, publication: Publication, servers: Iterable[int]) -> None:
        """Add the newest delivery, which these servers are about to offer."""
        offered = [each for each in self._all if each.offering]
        self._all = [*offered, CommitDelivery(publication, set(servers))]

    def at(self, server: int, seq: Seq) -> CommitDelivery | None:
        """Return the newest delivery of the mesh state at ``seq`` that the server may be
        offering."""
        for each in reversed(self._all):
            if each.publication.state.seq == seq:
                return each if each is self.newest or server in each.offering else None
        return None

    def finish(self, server: int, last: CommitDelivery | None = None) -> list[CommitDelivery]:
        """Record that a server has sent a commit to all its proxies, and no longer sends earlier
        commits.

        Returns the deliveries of commits that no server sends now, oldest first.

        :param last: the delivery of that commit; ``None`` if the server sends no commit any more.
        """
        done = list[CommitDelivery]()
        for each in self._all:
            if server in each.offering:
                each.offering.discard(server)
                each.skipped = each.skipped or each is not last
                if not each.offering:
                    done.append(each)
            if each is last:
                break
        self._all = [each for each in self._all if each.offering or each is self.newest]
        return done
