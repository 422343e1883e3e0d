"""What became of each commit at the proxies, as events for the log. Pure.

Times are wall-clock nanoseconds that the caller reads. A commit is *published* when the proxies it
concerns are offered it, and *converged* when each of them has acknowledged all of it or is gone.
One that concerns no connected proxy converges at once. A newer commit takes the place of an older
one that has not converged; of that one nothing more is said.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from events.publication import Publication
from events.types import (
    CommitId,
    DeliveryEvent,
    ProxyConnected,
    ProxyDisconnected,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)

StreamId: TypeAlias = Hashable
"""Whatever tells a stream from all others: of all servers, where there are several."""

_REMEMBERED: Final = 10_000
"""How many refusals are remembered so that each is told once."""
_PERIOD_NS: Final = 60 * 1_000_000_000
_CONNECTS: Final = 10_000
"""How many connects are told within one period: a node's id is anybody's claim, and the log is for
ever. A disconnect is told when its connect was."""
_CONNECTS_OF_NODE: Final = 1_000


@dataclass(slots=True)
class _Pending:
    """The commit that proxies are on their way to."""

    publication: Publication
    commit: CommitId
    nodes: set[str] = field(default_factory=set)
    proxies: int = 0
    waiting: set[StreamId] = field(default_factory=set)
    written_ns: int | None = None
    told: bool = False


@dataclass(slots=True)
class _Budget:
    """How many more connects may be told in this period."""

    start_ns: int
    left: int


class Delivery:
    """Turns what happens on streams into the events of the delivery chain."""

    def __init__(self) -> None:
        self.withheld = 0
        """How many connects were not told, because there were too many within a minute."""
        self._pending: _Pending | None = None
        self._refusals: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._told: set[StreamId] = set()
        self._of_all = _Budget(-_PERIOD_NS, 0)
        self._of_node: dict[str, _Budget] = {}

    # ---- commits ---------------------------------------------------------------------------------

    def begin(self, publication: Publication) -> None:
        """Start to offer a publication; of the one before it nothing more is told."""
        commit = publication.state.commit
        self._pending = None if commit is None else _Pending(publication, commit)

    def offered(self, stream: StreamId, node: str) -> None:
        """Say that a stream is to be sent something of the publication."""
        if self._pending is not None:
            self._pending.nodes.add(node)
            self._pending.proxies += 1
            self._pending.waiting.add(stream)

    def published(self, now_ns: int) -> list[DeliveryEvent]:
        """Say that everybody whom the publication concerns has been offered it."""
        pending = self._pending
        if pending is None:
            return []
        pending.told = True
        seq, nodes = pending.publication.state.seq, tuple(sorted(pending.nodes))
        told = SnapshotPublished(pending.commit, seq, nodes, pending.proxies)
        return [told, *self._converge(now_ns)]

    def wrote(self, stream: StreamId, now_ns: int) -> None:
        """Say that a response was handed to the transport."""
        if self._pending is not None and stream in self._pending.waiting:
            self._pending.written_ns = now_ns

    def arrived(self, stream: StreamId, now_ns: int) -> list[DeliveryEvent]:
        """Say that a stream has acknowledged all of what it is to have."""
        if self._pending is None or stream not in self._pending.waiting:
            return []
        self._pending.waiting.discard(stream)
        return self._converge(now_ns)

    def refused(
        self, node: str, commit: CommitId, type_url: str, version: str, message: str
    ) -> list[DeliveryEvent]:
        """Say that a proxy refused a response. Each content of a node is told once."""
        key = (node, type_url, version)
        known = key in self._refusals
        self._refusals[key] = None
        self._refusals.move_to_end(key)
        if len(self._refusals) > _REMEMBERED:
            self._refusals.popitem(last=False)
        return [] if known else [SnapshotRejected(commit, node, type_url, version, message)]

    def _converge(self, now_ns: int) -> list[DeliveryEvent]:
        pending = self._pending
        if pending is None or pending.waiting or not pending.told:
            return []
        self._pending = None
        return [SnapshotConverged(pending.commit, pending.proxies, _timings(pending, now_ns))]

    # ---- proxies ---------------------------------------------------------------------------------

    def connected(
        self, stream: StreamId, node: str, proxy: str, version: str, now_ns: int
    ) -> list[DeliveryEvent]:
        """Say that a stream named its node."""
        if not self._may_tell(node, now_ns):
            self.withheld += 1
            return []
        self._told.add(stream)
        return [ProxyConnected(node, proxy, version)]

    def disconnected(
        self, stream: StreamId, node: str, proxy: str, reason: str, now_ns: int
    ) -> list[DeliveryEvent]:
        """Say that a stream ended; nobody waits for it any more."""
        events: list[DeliveryEvent] = []
        if stream in self._told:
            self._told.discard(stream)
            events.append(ProxyDisconnected(node, proxy, reason))
        return events + self.arrived(stream, now_ns)

    def _may_tell(self, node: str, now_ns: int) -> bool:
        if now_ns - self._of_all.start_ns >= _PERIOD_NS:
            self._of_all = _Budget(now_ns, _CONNECTS)
            self._of_node.clear()
        if self._of_all.left <= 0:
            return False
        of_node = self._of_node.setdefault(node, _Budget(now_ns, _CONNECTS_OF_NODE))
        if of_node.left <= 0:
            return False
        self._of_all.left -= 1
        of_node.left -= 1
        return True


def _timings(pending: _Pending, now_ns: int) -> dict[str, int]:
    """Return microseconds since the branch moved; empty when nobody saw it move."""
    moved = pending.publication.moved_ns
    if moved is None:
        return {}
    times = {
        "seen": pending.publication.seen_ns,
        "planned": pending.publication.planned_ns,
        "written": pending.written_ns,
        "acked": now_ns if pending.proxies else None,
    }
    return {name: max(0, at - moved) // 1000 for name, at in times.items() if at is not None}
