"""Who is connected, as the log tells it."""

import contextlib
from pathlib import Path

from events.store import EventLog
from mesh.keys import ResourceKey


def connected_proxies(log: Path | None) -> dict[ResourceKey, int] | None:
    """Return how many proxies of each node are connected; ``None`` where there is no log."""
    if log is None:
        return None
    with contextlib.closing(EventLog.read_only(log)) as opened:
        nodes = opened.connected_nodes()
    return {ResourceKey.parse(node): number for node, number in nodes.items()}
