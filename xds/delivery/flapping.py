"""Which comings and goings of proxies the log is told one by one, and which in sum. Pure.

A proxy that connects again and again would fill the log, which is for ever. So each node has a
store of connects that are told one by one, which fills slowly. When it is empty, its comings and
goings are summed up: how many there were, and who came and who left since the last sum.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from xds.token_bucket import TokenBucket

PERIOD_NS: Final = 60 * 1_000_000_000
LONGEST_PERIOD_NS: Final = 10 * PERIOD_NS
"""Sums of a node that goes on flapping come less and less often, at last this often."""
_DAY_S: Final = 86_400
_OF_ALL: Final = 10_000
_OF_NODE: Final = 1_000
"""How many connects are told one by one at once, and how many in a day from then on."""
_MOST_NODES: Final = 20_000
_MOST_SUMS: Final = 2_000
_SUMS_AT_ONCE: Final = 1_000


@dataclass(slots=True)
class Sum:
    """What came and went of one node since it was last told."""

    since_ns: int
    period_ns: int
    changed_ns: int
    connects: int = 0
    disconnects: int = 0
    gone: list[str] = field(default_factory=list)
    """Names of those that the log takes to be connected, and that left."""
    reason: str = ""
    """Why the last of them left."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.connects or self.disconnects)

    def is_due(self, now_ns: int) -> bool:
        """Whether it is time to tell: the period is over, or nothing has happened for a minute."""
        return now_ns - self.since_ns >= min(
            self.period_ns, max(PERIOD_NS, self.changed_ns - self.since_ns + PERIOD_NS)
        )


class Flapping:
    """The nodes whose proxies come and go too often to be told one by one."""

    def __init__(self) -> None:
        self._of_all = TokenBucket(_OF_ALL / _DAY_S, _OF_ALL, 0.0)
        self._of_node: OrderedDict[str, TokenBucket] = OrderedDict()
        self._sums: OrderedDict[str, Sum] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sums)

    def __contains__(self, node: str) -> bool:
        return node in self._sums

    def came(self, node: str, now_ns: int) -> bool:
        """Take note that a proxy came; return whether that is told in sum."""
        if node not in self._sums:
            if self._may_tell(node, now_ns / 1e9):
                return False
            if len(self._sums) >= _MOST_SUMS:
                return True  # A node's id is anybody's claim. It is tried again if it stays.
            self._sums[node] = Sum(now_ns, PERIOD_NS, now_ns)
        found = self._sums[node]
        found.connects += 1
        found.changed_ns = max(found.changed_ns, now_ns)
        return True

    def went(self, node: str, name: str | None, reason: str) -> None:
        """Take note that a proxy left; ``name`` is what the log knows it by, if it does."""
        found = self._sums.get(node)
        if found is not None:
            found.disconnects += 1
            found.reason = reason
            if name is not None:
                found.gone.append(name)

    def due(self, now_ns: int) -> list[tuple[str, Sum]]:
        """Return the sums that are to be told now; those of nodes that are quiet end."""
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
