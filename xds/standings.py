"""How each proxy stands, and what of that the log has not been told yet. Pure.

Most of it follows from what is told of a commit: those it concerns are behind, and in sync when it
has converged. The rest is told in bulk and now and then: a log that grew by an event for each
answer of each proxy would be mostly that.
"""

from collections import Counter, OrderedDict
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from events.types import (
    CommitId,
    DeliveryEvent,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    Seq,
)
from xds.reports import Joined

StreamId: TypeAlias = Hashable
"""Whatever tells a stream from all others: of all servers, where there are several."""

PERIOD_NS: Final = 60 * 1_000_000_000
_CONNECTS: Final = 10_000
"""How many connects are told within one period: a node's id is anybody's claim, and the log is for
ever. The others are told in the next period, if they are still there by then."""
_CONNECTS_OF_NODE: Final = 1_000
_AT_ONCE: Final = 1_000
"""How many proxies one event names."""
_REFUSING: Final = (ProxyState.REFUSED, ProxyState.LAST_ACCEPTED)
_SETTLED: Final = (ProxyState.IN_SYNC, ProxyState.REFUSED, ProxyState.LAST_ACCEPTED)
_TOLD: Final = (*_SETTLED, ProxyState.BEHIND)
"""The groups of one event, in their order there."""


@dataclass(slots=True)
class _Standing:
    joined: Joined
    state: ProxyState
    told: ProxyState | None = None
    """How it stands by what the log says; ``None`` while the log does not know it."""
    stranded: ProxyState | None = None
    """How it stood before its server ceased to answer while there was something new."""


@dataclass(slots=True)
class _Budget:
    """How many more connects may be told in this period."""

    start_ns: int
    left: int


class Standings:
    """Every proxy that is connected: how it stands, and how it stands in the log."""

    def __init__(self) -> None:
        self._all: dict[StreamId, _Standing] = {}
        self._by_node: Counter[str] = Counter()
        self._untold: dict[StreamId, None] = {}
        """Whose standing is settled and differs from what the log says, in order."""
        self._withheld: OrderedDict[StreamId, None] = OrderedDict()
        self._of_all = _Budget(-PERIOD_NS, 0)
        self._of_node: dict[str, _Budget] = {}

    def __contains__(self, stream: StreamId) -> bool:
        return stream in self._all

    @property
    def withheld(self) -> int:
        """How many connects are not told yet, because there were too many within a minute."""
        return len(self._withheld)

    @property
    def owing(self) -> bool:
        """Whether there is something to tell that :meth:`settle` would return."""
        return bool(self._untold)

    def state(self, stream: StreamId) -> ProxyState | None:
        """Return how a proxy stands; ``None`` when it is not connected."""
        standing = self._all.get(stream)
        return None if standing is None else standing.state

    def name(self, stream: StreamId) -> str:
        """Return what tells this proxy of its node from the others."""
        return self._all[stream].joined.proxy

    # ---- comings and goings ----------------------------------------------------------------------

    def connected(self, stream: StreamId, joined: Joined, now_ns: int) -> list[DeliveryEvent]:
        """Take in a stream that named its node."""
        standing = self._all[stream] = _Standing(joined, ProxyState(joined.state))
        self._by_node[joined.node] += 1
        if not self._may_tell(joined.node, now_ns):
            self._withheld[stream] = None
            return []
        return [self._introduce(standing)]

    def disconnected(self, stream: StreamId, reason: str) -> list[DeliveryEvent]:
        """Forget a stream that ended."""
        standing = self._all.pop(stream, None)
        if standing is None:
            return []
        joined = standing.joined
        self._untold.pop(stream, None)
        self._withheld.pop(stream, None)
        self._by_node[joined.node] -= 1
        if not self._by_node[joined.node]:
            del self._by_node[joined.node]
        if standing.told is None:
            return []
        return [ProxyDisconnected(joined.node, joined.proxy, reason)]

    def _introduce(self, standing: _Standing) -> DeliveryEvent:
        joined = standing.joined
        standing.told = ProxyState(joined.state)
        return ProxyConnected(
            joined.node, joined.proxy, joined.version, standing.told, joined.commit
        )

    def _may_tell(self, node: str, now_ns: int) -> bool:
        if now_ns - self._of_all.start_ns >= PERIOD_NS:
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

    # ---- how they stand --------------------------------------------------------------------------

    def put(self, stream: StreamId, state: ProxyState, *, owe: bool = True) -> None:
        """Say how a proxy stands now; with ``owe``, the log is to be told if it does not know."""
        standing = self._all.get(stream)
        if standing is None:
            return
        standing.state, standing.stranded = state, None
        if owe or state not in _SETTLED:
            self._owe(stream, standing)

    def strand(self, streams: Iterable[StreamId]) -> None:
        """Count these as behind, and have the log told: nobody can reach them."""
        for stream in streams:
            standing = self._all.get(stream)
            if standing is None or standing.stranded is not None:
                continue
            standing.stranded, standing.state = standing.state, ProxyState.BEHIND
            if standing.told not in (None, ProxyState.BEHIND):
                self._untold[stream] = None
            else:
                self._untold.pop(stream, None)

    def resume(self, streams: Iterable[StreamId]) -> None:
        """Count those of these that were stranded as before: there was nothing new for them."""
        for stream in streams:
            standing = self._all.get(stream)
            if standing is not None and standing.stranded is not None:
                self.put(stream, standing.stranded)

    def owe(self, streams: Iterable[StreamId]) -> None:
        """Have the log told how these stand, if it does not know."""
        for stream in streams:
            standing = self._all.get(stream)
            if standing is not None:
                self._owe(stream, standing)

    def told(self, streams: Iterable[StreamId], state: ProxyState) -> None:
        """Take note that something else has told the log that these stand so."""
        for stream in streams:
            standing = self._all.get(stream)
            if standing is not None and standing.told is not None:
                standing.told = state
                if standing.state is state:
                    self._untold.pop(stream, None)

    def told_behind(self, nodes: Iterable[str], offered: Collection[StreamId]) -> None:
        """Take note that the log was told of a commit that concerns these nodes.

        It takes all of their proxies to be behind; of those that were offered nothing, because they
        have it or would refuse it again, it is to be told otherwise.
        """
        self.told(offered, ProxyState.BEHIND)
        # Some have answered before all were offered it, and of a refusal nothing more may come.
        self.owe(stream for stream in offered if self.state(stream) in _REFUSING)
        concerned = set(nodes)
        if sum(self._by_node[node] for node in concerned) == len(offered):
            return
        others = [
            stream
            for stream, standing in self._all.items()
            if standing.joined.node in concerned and stream not in offered
        ]
        self.told(others, ProxyState.BEHIND)
        self.owe(others)

    def settle(self, commit: CommitId, seq: Seq, now_ns: int) -> list[DeliveryEvent]:
        """Return what the log is to be told of proxies while it is this commit that is served."""
        events = self._introduce_withheld(now_ns)
        groups: dict[ProxyState, list[str]] = {state: [] for state in _TOLD}
        for stream in self._untold:
            standing = self._all[stream]
            groups[standing.state].append(standing.joined.proxy)
            standing.told = standing.state
        self._untold.clear()
        most = max(map(len, groups.values()))
        for start in range(0, most, _AT_ONCE):
            part = (tuple(sorted(groups[s][start : start + _AT_ONCE])) for s in _TOLD)
            events.append(ProxiesSettled(commit, seq, *part))
        return events

    def _owe(self, stream: StreamId, standing: _Standing) -> None:
        # What is under way is told by what it comes to.
        if standing.told not in (None, standing.state) and standing.state in _SETTLED:
            self._untold[stream] = None
        else:
            self._untold.pop(stream, None)

    def _introduce_withheld(self, now_ns: int) -> list[DeliveryEvent]:
        events = []
        for stream in list(self._withheld):
            standing = self._all[stream]
            if not self._may_tell(standing.joined.node, now_ns):
                break
            del self._withheld[stream]
            events.append(self._introduce(standing))
            self._owe(stream, standing)
        return events
