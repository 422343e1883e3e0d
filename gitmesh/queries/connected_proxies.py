"""Connected proxies according to the log."""

import contextlib
from pathlib import Path

from events.sqlite.opening import is_claimed
from events.sqlite.store import EventLog
from mesh.keys import ResourceKey


def connected_proxies(log: Path | None) -> dict[ResourceKey, int] | None:
    """Return the number of connected proxies of each node; ``None`` if no server reports it.

    Entries of a killed server are stale and do not count.
    """
    if log is None or is_claimed(log) is False:
        return None
    with contextlib.closing(EventLog.read_only(log)) as opened:
        nodes = opened.connected_nodes()
    return {ResourceKey.parse(node): number for node, number in nodes.items()}
