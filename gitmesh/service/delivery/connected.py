"""Use case of ``gitmesh proxies``: the connected proxies, with their node, version and state."""

from dataclasses import dataclass
from pathlib import Path

from events.deliveries import Proxy
from events.opening import has_writer, open_for_reading
from gitmesh.queries.pins import pinned


@dataclass(frozen=True, slots=True)
class ConnectedProxies:
    """The proxies that are connected to the server of a log."""

    proxies: tuple[Proxy, ...]
    """The proxies, sorted by node; none if no server runs, even if the log still lists some."""
    server_runs: bool | None
    """True if a server runs; ``None`` if that cannot be determined."""
    nodes: tuple[str, ...] = ()
    """The nodes of all connected proxies, sorted."""


def connected(log: Path, node: str | None = None) -> ConnectedProxies:
    """Return the connected proxies; with ``node``, those of nodes whose name ends with it."""
    runs = has_writer(log)
    with open_for_reading(log) as opened:
        pin = pinned(opened)
        at = None if pin is None else pin.mesh_seq
        found = [] if runs is False else opened.fleet().proxies(at)
    wanted = (each for each in found if node is None or f"/{each.node}".endswith(f"/{node}"))
    return ConnectedProxies(tuple(wanted), runs, tuple(sorted({each.node for each in found})))
