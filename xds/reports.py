"""What a server tells of its streams: plain facts, wherever it runs. Pure.

One process may serve, or several beside each other; what they see is brought together in one place
(:class:`xds.ledger.Ledger`), so that the log has one truth. Times are wall-clock nanoseconds since
the epoch, read where the fact was seen.
"""

from typing import Final, NamedTuple, Protocol, TypeAlias

from events.publication import Publication
from events.types import CommitId, ProxyState, Seq

_NO_COMMIT: Final = CommitId("")


class Joined(NamedTuple):
    """A stream named its node. First of all facts of a stream."""

    stream: int
    """Tells the stream from all others of its server, those that ended too."""
    node: str
    proxy: str
    version: str
    """What the proxy says it runs."""
    at_ns: int
    state: ProxyState = ProxyState.BEHIND
    """``HELD``, ``BEHIND`` or ``LAST_ACCEPTED``: what there is for it."""
    commit: CommitId = _NO_COMMIT
    """The commit that is served; empty before there is one."""


class Left(NamedTuple):
    """A stream ended. Last of all facts of a stream."""

    stream: int
    reason: str
    at_ns: int


class Offered(NamedTuple):
    """The publication whose state stands at ``seq`` is news for a stream."""

    stream: int
    node: str
    seq: Seq


class Wrote(NamedTuple):
    """A response was handed to the transport."""

    stream: int
    at_ns: int


class Arrived(NamedTuple):
    """A client has acknowledged everything that it is to have."""

    stream: int
    at_ns: int


class Rejected(NamedTuple):
    """A client refused a response that was sent for this commit."""

    stream: int
    node: str
    commit: CommitId
    type_url: str
    version: str
    message: str
    names: tuple[str, ...] = ()
    """The resources at fault, as far as can be told."""
    snapshot: str = ""
    """The version of the whole snapshot that the client was on its way to; empty if it has that."""


class Explained(NamedTuple):
    """It is known now why clients of a node refused a version, or that it cannot be known."""

    node: str
    type_url: str
    version: str
    specs: tuple[str, ...]
    """Keys of the specs that are likely at fault."""


class FellBack(NamedTuple):
    """A client is to have the last accepted snapshot instead of the newest."""

    stream: int
    at_ns: int


class Released(NamedTuple):
    """A client that had the last accepted snapshot is to have the newest after all."""

    stream: int


class Finished(NamedTuple):
    """Everybody here whom the publication at ``seq`` concerns has been offered it."""

    seq: Seq
    at_ns: int
    unchanged: int = 0
    """How many whom it concerns, by its specs, needed nothing new."""


class Passed(NamedTuple):
    """Everybody here who comes before a wave of the publication has had time to take it."""

    seq: Seq
    wave: int


class Full(NamedTuple):
    """No more connections fit at a server, or they do again."""

    words: str
    """What is so, for people; empty when there is room again."""


Fact: TypeAlias = (
    Joined
    | Left
    | Offered
    | Wrote
    | Arrived
    | Rejected
    | Explained
    | FellBack
    | Released
    | Finished
    | Passed
    | Full
)


class Reports(Protocol):
    """Whoever brings together what servers tell."""

    def begin(self, publication: Publication) -> None:
        """Take note that a publication is about to be offered. Does not wait."""

    def report(self, fact: Fact) -> None:
        """Take a fact. Does not wait. Facts of one server come in the order of their happening."""

    async def passed(self, seq: Seq, wave: int) -> None:
        """Wait until the wave may be told at all servers, as it may here, but not for ever."""
