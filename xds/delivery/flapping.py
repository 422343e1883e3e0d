"""Rate limit for connection events: proxies that reconnect too often are recorded in summaries.
Pure.

A proxy that reconnects in a loop would fill the log, which keeps everything. So each node has a
token bucket of connects that are recorded one by one. When it is empty, connects and disconnects
are summarised: their number, and the names of the proxies that connected and disconnected since the
last summary.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from xds.token_bucket import TokenBucket

PERIOD_NS: Final = 60 * 1_000_000_000
LONGEST_PERIOD_NS: Final = 10 * PERIOD_NS
"""Maximum interval between summaries of a node whose proxies keep flapping; the interval grows up
to this."""
_DAY_S: Final = 86_400
_OF_ALL: Final = 10_000
_OF_NODE: Final = 1_000
"""Size of a node's token bucket, and the number of tokens that are added per day."""
_MOST_NODES: Final = 20_000
_MOST_SUMS: Final = 2_000
_SUMS_AT_ONCE: Final = 1_000


@dataclass(slots=True)
class Sum:
    """Connects and disconnects of a node since its last recorded summary."""

    since_ns: int
    period_ns: int
    changed_ns: int
    connects: int = 0
    disconnects: int = 0
    gone: list[str] = field(default_factory=list)
    """Names of proxies that disconnected and are still connected according to the log."""
    reason: str = ""
    """Reason why the last stream ended."""

    @property
    def empty(self) -> bool:
        """True if there is nothing to record."""
        return not (self.connects or self.disconnects)

    def is_due(self, now_ns: int) -> bool:
        """Return whether to record the summary now: its period ended, or nothing has happened for a
        minute."""
        return now_ns - self.since_ns >= min(
            self.period_ns, max(PERIOD_NS, self.changed_ns - self.since_ns + PERIOD_NS)
        )


class Flapping:
    """Nodes whose proxies connect too often for events of their own."""

    def __init__(self) -> None:
        self._of_all = TokenBucket(_OF_ALL / _DAY_S, _OF_ALL, 0.0)
        self._of_node: OrderedDict[str, TokenBucket] = OrderedDict()
        self._sums: OrderedDict[str, Sum] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sums)

    def __contains__(self, node: str) -> bool:
        return node in self._sums

    def came(self, node: str, now_ns: int) -> bool:
        """Count a connect; return whether it belongs into a summary."""
        if node not in self._sums:
            if self._may_tell(node, now_ns / 1e9):
                return False
            if len(self._sums) >= _MOST_SUMS:
                # Clients choose the node id, so sums are limited too. A proxy that stays connected
                # is recorded later.
                return True
            self._sums[node] = Sum(now_ns, PERIOD_NS, now_ns)
        found = self._sums[node]
        found.connects += 1
        found.changed_ns = max(found.changed_ns, now_ns)
        return True

    def went(self, node: str, name: str | None, reason: str) -> None:
        """Count a disconnect; ``name`` is the proxy's name in the log, if the log knows it as
        connected."""
        found = self._sums.get(node)
        if found is not None:
            found.disconnects += 1
            found.reason = reason
            if name is not None:
                found.gone.append(name)

    def due(self, now_ns: int) -> list[tuple[str, Sum]]:
        """Return the summaries to record now; nodes that became quiet are dropped."""
        told: list[tuple[str, Sum]] = []
        for node, found in list(self._sums.items()):
            if len(told) >= _SUMS_AT_ONCE:
                break
            if not found.is_due(now_ns):
                continue
            if found.empty:
                del self._sums[node]
                continue
            told.append((node, found))
            longer = min(2 * found.period_ns, LONGEST_PERIOD_NS)
            self._sums[node] = Sum(now_ns, longer, now_ns)
            self._sums.move_to_end(node)
        return told

    def _may_tell(self, node: str, now_s: float) -> bool:
        bucket = self._of_node.get(node)
        if bucket is None:
            bucket = self._of_node[node] = TokenBucket(_OF_NODE / _DAY_S, _OF_NODE, now_s)
            if len(self._of_node) > _MOST_NODES:
                self._of_node.popitem(last=False)
        self._of_node.move_to_end(node)
        return bucket.try_take(now_s) and self._of_all.try_take(now_s)
