"""Who is connected, as the log tells it."""

import contextlib
from pathlib import Path

from events.opening import is_claimed
from events.store import EventLog
from mesh.keys import ResourceKey


def connected_proxies(log: Path | None) -> dict[ResourceKey, int] | None:
    """Return how many proxies of each node are connected; ``None`` where no server tells.

    What the log of one that was killed says last is not so any more.
    """
    if log is None or is_claimed(log) is False:
        return None
    with contextlib.closing(EventLog.read_only(log)) as opened:
        nodes = opened.connected_nodes()
    return {ResourceKey.parse(node): number for node, number in nodes.items()}
