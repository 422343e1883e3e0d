"""Connected proxies according to the log."""

from pathlib import Path

from events.opening import has_writer, open_for_reading
from mesh.keys import ResourceKey


def connected_proxies(log: Path | None) -> dict[ResourceKey, int] | None:
    """Return the number of connected proxies of each node; ``None`` if no server reports it.

    Entries of a killed server are stale and do not count.
    """
    if log is None or has_writer(log) is False:
        return None
    with open_for_reading(log) as opened:
        nodes = opened.connected_nodes()
    return {ResourceKey.parse(node): number for node, number in nodes.items()}
