"""State of each proxy, and the states that are not in the log yet. Pure.

Most states follow from events about a commit: proxies that it affects are behind, and are in sync
when it converges. Other states are recorded in batches from time to time, because one event for
each answer of each proxy would fill the log.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from events.types import (
    CommitId,
    DeliveryEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    Seq,
)
from xds.delivery.flapping import Flapping, Sum
from xds.delivery.stream_facts import Connected

StreamId: TypeAlias = tuple[int, int]
"""Identifies a stream: the number of its server, and the stream's number within that server."""

_AT_ONCE: Final = 1_000
"""Maximum proxies named in one event."""
TENTATIVE_NS: Final = 2_000_000_000
"""Time in which a proxy that starts subscribes to its whole configuration. An Envoy takes some
milliseconds; a client without listeners counts as in sync after it."""
_REFUSING: Final = (ProxyState.REFUSED, ProxyState.LAST_ACCEPTED)
_SETTLED: Final = (ProxyState.IN_SYNC, ProxyState.REFUSED, ProxyState.LAST_ACCEPTED)
_RECORDED: Final = (*_SETTLED, ProxyState.BEHIND)
"""States that one event records in groups, in the order of its fields."""


@dataclass(slots=True)
class _ProxyStatus:
    connected: Connected
    state: ProxyState
    told: ProxyState | None = None
    """State of the proxy according to the log; ``None`` if the log does not know it."""
    tentative_since_ns: int | None = None
    """Since when the proxy is in sync with a part of its configuration, without listeners or
    routes; ``None`` if it has all."""
    stranded: ProxyState | None = None
    """State of the proxy before its server became unresponsive and missed a newer commit."""


class ProxyStatuses:
    """Every connected proxy with its state, and its state according to the log."""

    def __init__(self) -> None:
        self._all: dict[StreamId, _ProxyStatus] = {}
        self._by_node: Counter[str] = Counter()
        self._unrecorded: dict[StreamId, None] = {}
        """Streams in a settled state that the log does not know, in order."""
        self._withheld: dict[str, dict[StreamId, None]] = {}
        """Connected streams that the log does not know yet, by node."""
        self._flapping = Flapping()

    def __contains__(self, stream: StreamId) -> bool:
        return stream in self._all

    @property
    def withheld(self) -> int:
        """Number of nodes whose connects and disconnects are recorded in summaries."""
        return len(self._flapping) + len(self._withheld)

    @property
    def has_unrecorded(self) -> bool:
        """True if :meth:`settle` would return events."""
        return bool(self._unrecorded)

    def of_server(self, server: int) -> list[StreamId]:
        """Return the connected streams of a server."""
        return [stream for stream in self._all if stream[0] == server]

    def state(self, stream: StreamId) -> ProxyState | None:
        """Return the state of a proxy; ``None`` if it is not connected."""
        status = self._all.get(stream)
        return None if status is None else status.state

    def name(self, stream: StreamId) -> str:
        """Return the name of a proxy, unique within its node."""
        return self._all[stream].connected.proxy

    def names(self, streams: Iterable[StreamId]) -> list[str]:
        """Return the names of proxies."""
        return [self.name(stream) for stream in streams]

    def behind(self, streams: Iterable[StreamId]) -> list[str]:
        """Return the names of those proxies that are behind and have refused nothing."""
        return self.names(s for s in streams if self.state(s) is ProxyState.BEHIND)

    # ---- connects and disconnects ----------------------------------------------------------------

    def connected(self, stream: StreamId, fact: Connected) -> list[DeliveryEvent]:
        """Add a stream that named its node."""
        status = self._all[stream] = _ProxyStatus(fact, ProxyState(fact.state))
        self._by_node[fact.node] += 1
        if self._flapping.came(fact.node, fact.at_ns):
            self._withheld.setdefault(fact.node, {})[stream] = None
            return []
        return [self._introduce(status)]

    def disconnected(self, stream: StreamId, reason: str) -> list[DeliveryEvent]:
        """Remove a stream that ended."""
        status = self._all.pop(stream, None)
        if status is None:
            return []
        node, proxy = status.connected.node, status.connected.proxy
        self._unrecorded.pop(stream, None)
        if (withheld := self._withheld.get(node)) is not None:
            withheld.pop(stream, None)
            if not withheld:
                del self._withheld[node]
        self._by_node[node] -= 1
        if not self._by_node[node]:
            del self._by_node[node]
        known = status.told is not None
        if node in self._flapping:
            self._flapping.went(node, proxy if known else None, reason)
            return []
        return [ProxyDisconnected(node, proxy, reason)] if known else []

    def _introduce(self, status: _ProxyStatus) -> DeliveryEvent:
        fact = status.connected
        status.told = ProxyState(fact.state)
        return ProxyConnected(fact.node, fact.proxy, fact.version, status.told, fact.commit)

    # ---- states ----------------------------------------------------------------------------------

    def put(
        self,
        stream: StreamId,
        state: ProxyState,
        *,
        owe: bool = True,
        tentative_since_ns: int | None = None,
    ) -> None:
        """Set the state of a proxy.

        :param owe: mark the state for recording, if the log does not know it.
        :param tentative_since_ns: since when the proxy may be about to subscribe to the rest of its
            configuration. Such a state is recorded only if it lasts for :data:`TENTATIVE_NS`.
        """
        status = self._all.get(stream)
        if status is None:
            return
        status.state, status.stranded = state, None
        status.tentative_since_ns = tentative_since_ns
        if owe or state not in _SETTLED:
            self._owe(stream, status)

    def strand(self, streams: Iterable[StreamId]) -> None:
        """Set proxies to ``BEHIND``, and mark this for recording: their server does not answer."""
        for stream in streams:
            status = self._all.get(stream)
            if status is None or status.stranded is not None:
                continue
            status.stranded, status.state = status.state, ProxyState.BEHIND
            if status.told not in (None, ProxyState.BEHIND):
                self._unrecorded[stream] = None
            else:
                self._unrecorded.pop(stream, None)

    def resume(self, streams: Iterable[StreamId]) -> None:
        """Restore the state of stranded proxies, because the newer commit did not affect them."""
        for stream in streams:
            status = self._all.get(stream)
            if status is not None and status.stranded is not None:
                self.put(stream, status.stranded)

    def owe(self, streams: Iterable[StreamId]) -> None:
        """Mark the states of these proxies for recording, if the log does not know them."""
        for stream in streams:
            status = self._all.get(stream)
            if status is not None:
                self._owe(stream, status)

    def told(self, streams: Iterable[StreamId], state: ProxyState) -> None:
        """Mark this state of these streams as recorded by another event."""
        for stream in streams:
            status = self._all.get(stream)
            if status is not None and status.told is not None:
                status.told = state
                if status.state is state:
                    self._unrecorded.pop(stream, None)

    def told_behind(self, nodes: Iterable[str], offered: Collection[StreamId]) -> None:
        """Update the states after an event that records a commit which affects these nodes.

        According to the log, all their proxies are then behind. Some were offered nothing, because
        they have the configuration or would refuse it again: their states are marked for recording.
        """
        self.told(offered, ProxyState.BEHIND)
        # Some have answered before all were offered it, and a refusal may be the last answer.
        self.owe(stream for stream in offered if self.state(stream) in _REFUSING)
        affected = set(nodes)
        if sum(self._by_node[node] for node in affected) == len(offered):
            return
        others = [
            stream
            for stream, status in self._all.items()
            if status.connected.node in affected and stream not in offered
        ]
        self.told(others, ProxyState.BEHIND)
        self.owe(others)

    def settle(self, commit: CommitId, seq: Seq, now_ns: int) -> list[DeliveryEvent]:
        """Return the events that record the marked states, as of this served commit.

        States that are still tentative stay marked.
        """
        events = [e for each in self._flapping.due(now_ns) for e in self._sum(*each, commit)]
        events += self._try_again(now_ns)
        groups: dict[ProxyState, list[str]] = {state: [] for state in _RECORDED}
        tentative = dict[StreamId, None]()
        for stream in self._unrecorded:
            status = self._all[stream]
            since_ns = status.tentative_since_ns
            if since_ns is not None and 0 <= now_ns - since_ns < TENTATIVE_NS:
                tentative[stream] = None
                continue
            groups[status.state].append(status.connected.proxy)
            status.told = status.state
        self._unrecorded = tentative
        most = max(map(len, groups.values()))
        for start in range(0, most, _AT_ONCE):
            part = (tuple(sorted(groups[s][start : start + _AT_ONCE])) for s in _RECORDED)
            events.append(ProxiesSettled(commit, seq, *part))
        return events

    def _owe(self, stream: StreamId, status: _ProxyStatus) -> None:
        # States that will change are recorded by their result.
        if status.told not in (None, status.state) and status.state in _SETTLED:
            self._unrecorded[stream] = None
        else:
            self._unrecorded.pop(stream, None)

    def _try_again(self, now_ns: int) -> list[DeliveryEvent]:
        """Record connected proxies that were not recorded because too many nodes had summaries."""
        events = []
        for node in [node for node in self._withheld if node not in self._flapping]:
            for stream in list(self._withheld[node]):
                if self._flapping.came(node, now_ns):
                    break
                del self._withheld[node][stream]
                status = self._all[stream]
                events.append(self._introduce(status))
                self._owe(stream, status)
            if not self._withheld[node]:
                del self._withheld[node]
        return events

    def _sum(self, node: str, told: Sum, commit: CommitId) -> list[DeliveryEvent]:
        """Return the events for a summary of a node's connects and disconnects."""
        came: list[tuple[str, str, str]] = []
        for stream in self._withheld.pop(node, {}):
            status = self._all[stream]
            fact = status.connected
            status.told = ProxyState(fact.state)
            came.append((fact.proxy, fact.version, status.told.value))
            self._owe(stream, status)
        gone, counts = sorted(told.gone), (told.connects, told.disconnects)
        since = datetime.fromtimestamp(told.since_ns // 1_000_000_000, UTC)
        events: list[DeliveryEvent] = []
        for start in range(0, max(len(came), len(gone), 1), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            text = since.strftime("%Y-%m-%dT%H:%M:%SZ")
            events.append(
                ProxiesFlapped(
                    node, commit, text, *counts, tuple(came[part]), tuple(gone[part]), told.reason
                )
            )
            counts = (0, 0)
        return events
