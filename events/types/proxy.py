"""Events about proxies that connect and disconnect, and the states that proxies can have."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from events.types.positions import CommitId, Seq

_NO_COMMIT: Final = CommitId("")


class ProxyState(StrEnum):
    """State of a proxy relative to its target configuration."""

    HELD = "held"
    """Its node does not exist; the proxy gets its configuration as soon as the node exists."""
    BEHIND = "behind"
    """The proxy has not acknowledged everything yet."""
    IN_SYNC = "in-sync"
    REFUSED = "refused"
    """The proxy refused part of its configuration, and keeps the previous one."""
    LAST_ACCEPTED = "last-accepted"
    """The proxy is served the last snapshot that proxies of its kind accepted, because the newest
    one is refused."""
    NODE_REMOVED = "node-removed"
    """Its node was removed from the mesh; it keeps its last configuration. No event records this:
    queries derive it from the mesh."""


@dataclass(frozen=True, slots=True)
class ProxyConnected:
    """A proxy opened a stream and named its node."""

    node: str
    proxy: str
    """Distinguishes proxies of one node: peer address and stream number."""
    version: str
    """Name and version of the proxy's software, as the proxy reports them."""
    state: ProxyState = ProxyState.BEHIND
    """``HELD``, ``BEHIND`` or ``LAST_ACCEPTED``: the proxy's initial state."""
    commit: CommitId = _NO_COMMIT
    """The commit that is served."""


@dataclass(frozen=True, slots=True)
class ProxyDisconnected:
    """A proxy's stream ended."""

    node: str
    proxy: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProxiesFlapped:
    """Summary of a node's frequent connects and disconnects, instead of single events."""

    node: str
    commit: CommitId
    """The commit that is served."""
    since: str
    """Start of the summarised time: UTC, RFC 3339 in whole seconds."""
    connects: int
    disconnects: int
    connected: tuple[tuple[str, str, str], ...] = ()
    """Proxies that connected and are still connected: name, version and state, as in
    :class:`ProxyConnected`."""
    disconnected: tuple[str, ...] = ()
    """Proxies that disconnected and that an earlier event recorded as connected."""
    reason: str = ""
    """Reason why the last stream ended."""


@dataclass(frozen=True, slots=True)
class ProxiesSettled:
    """States of proxies that no other event records: of newly connected proxies, and of late ones.

    Each tuple holds sorted names of proxies.
    """

    commit: CommitId
    """The commit that was served at that time."""
    mesh_seq: Seq
    in_sync: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    last_accepted: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
