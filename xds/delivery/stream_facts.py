"""Facts about streams and publications that a server reports, in whatever process it runs. Pure.

Each fact has one name, from the stream to the event log:

============= ============ =============================================
stream to hub  fact         event
============= ============ =============================================
connected     Connected    ProxyConnected
disconnected  Disconnected ProxyDisconnected
-             Offered      SnapshotPublished
written       Written      SnapshotConverged (``timings.written``)
synced        Synced       SnapshotConverged, ProxiesSettled
refused       Refused      SnapshotRejected
-             Explained    SnapshotRejected (``specs``)
-             FellBack     ProxiesSettled
============= ============ =============================================

The delivery tracker (:mod:`xds.delivery.delivery_tracker`) combines the facts of all processes.
Times are wall-clock nanoseconds since the epoch, read where the fact was observed.
"""

from typing import Final, NamedTuple, Protocol, TypeAlias

from events.publication import Publication
from events.types import CONNECTIONS_FULL, CommitId, ProxyState, Seq

_NO_COMMIT: Final = CommitId("")


class Connected(NamedTuple):
    """A client named its node. The first fact about a stream."""

    stream: int
    """Number of the stream, unique within its server, and never used again."""
    node: str
    proxy: str
    version: str
    """Name and version of the client's software, as the client reports them."""
    at_ns: int
    state: ProxyState = ProxyState.BEHIND
    """``HELD``, ``BEHIND`` or ``LAST_ACCEPTED``: the client's initial state."""
    commit: CommitId = _NO_COMMIT
    """The served commit; empty before the first commit."""


class Disconnected(NamedTuple):
    """A stream ended. The last fact about a stream."""

    stream: int
    reason: str
    at_ns: int


class Offered(NamedTuple):
    """A stream was offered an update: the publication of the state at ``seq``."""

    stream: int
    node: str
    seq: Seq


class Written(NamedTuple):
    """A response was handed to the transport."""

    stream: int
    at_ns: int


class Synced(NamedTuple):
    """A client has acknowledged all that it subscribes to: it is in sync."""

    stream: int
    at_ns: int
    complete: bool = True
    """False while the client has not subscribed to its listeners and routes. One that starts does
    so after it has acknowledged what comes before them, and may still refuse them."""


class Refused(NamedTuple):
    """A client refused a response that was sent for this commit (NACK)."""

    stream: int
    node: str
    commit: CommitId
    type_url: str
    version: str
    message: str
    names: tuple[str, ...] = ()
    """Names of the invalid resources, as far as known."""
    snapshot: str = ""
    """Version of the snapshot that was being rolled out; empty if the client has it already."""


class Explained(NamedTuple):
    """The cause of a refusal by a node's clients was determined, or cannot be determined."""

    node: str
    type_url: str
    version: str
    specs: tuple[str, ...]
    """Keys of the specs that likely caused the refusal."""


class FellBack(NamedTuple):
    """A client is served the last accepted snapshot instead of the newest."""

    stream: int
    at_ns: int


class Released(NamedTuple):
    """A client that was served the last accepted snapshot is served the newest again."""

    stream: int


class Finished(NamedTuple):
    """This server has offered the publication at ``seq`` to all proxies it affects."""

    seq: Seq
    at_ns: int
    unchanged: int = 0
    """Number of proxies of affected nodes that needed no update."""


class Passed(NamedTuple):
    """This server's earlier waves of the publication have accepted it, or their time is over."""

    seq: Seq
    wave: int


class Full(NamedTuple):
    """A server has no room for more clients, or has room again."""

    words: str
    """Description of the shortage; empty when it is over."""
    reason: str = CONNECTIONS_FULL
    """Reason in the event: ``connections-full``, or ``streams-reset``."""


Fact: TypeAlias = (
    Connected
    | Disconnected
    | Offered
    | Written
    | Synced
    | Refused
    | Explained
    | FellBack
    | Released
    | Finished
    | Passed
    | Full
)


class Reports(Protocol):
    """Receiver of the facts of servers."""

    def begin(self, publication: Publication) -> None:
        """Record that a publication is about to be offered. Does not wait."""

    def report(self, fact: Fact) -> None:
        """Process a fact. Does not wait. Facts of one server come in order."""

    async def passed(self, seq: Seq, wave: int) -> None:
        """Wait, for a bounded time, until all servers may offer this wave."""
