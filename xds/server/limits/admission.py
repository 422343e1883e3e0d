"""Admission control for xDS streams: limits per stream, per node and overall. Pure.

Times are seconds of a monotonic clock, unless noted.
"""

from collections import Counter
from typing import Final, Protocol

from mesh.errors import Retryable
from mesh.keys import ResourceKey
from xds.nodes import ProxyIdentity
from xds.server.peer import Peer
from xds.server.settings import AdsSettings
from xds.token_bucket import TokenBucket

_BYTES_OF_ONE: Final = 64 << 10
"""Number of bytes that count as one request: the size of a real Envoy's first. A megabyte counts as
sixteen."""


class StreamLimits(Protocol):
    """Admission control of one stream. A method refuses by raising one of gitmesh's errors."""

    def admit(self, identity: ProxyIdentity) -> None:
        """Check the node that the stream named. Called once, before any other work for the
        stream."""

    def asks(self, names: int) -> None:
        """Check the number of names that the stream subscribes to. Called when the number has
        changed."""

    def claims(self, resources: int) -> None:
        """Check the number of unknown resources that the stream claims to have.

        Called when the number has changed. It becomes 0 when the client has its whole target and
        keeps none of these resources.
        """


class Unlimited:
    """Admission without limits."""

    def admit(self, identity: ProxyIdentity) -> None:
        """Accept."""

    def asks(self, names: int) -> None:
        """Accept."""

    def claims(self, resources: int) -> None:
        """Accept."""


class LimitReached(Retryable):
    """A limit is reached now; the client should retry."""


class Admission:
    """Counts streams and refuses those beyond the limits."""

    def __init__(self, settings: AdsSettings, now: float) -> None:
        self.settings = settings
        self.streams = 0
        self.claims = 0
        self.of_node = Counter[ResourceKey]()
        self._new = TokenBucket(settings.new_streams_per_s, settings.new_streams_at_once, now)

    def open(self, peer: Peer | None, now: float) -> "AdmittedStream":
        """Admit a stream of a client; ``peer`` is its authenticated identity, or ``None``.

        :raises Crowded: there are too many streams, or too many new ones at once.
        """
        if self.streams >= self.settings.max_streams:
            raise LimitReached(f"{self.settings.max_streams} streams are open already")
        if not self._new.try_take(now):
            raise LimitReached("too many new streams at once; retry in a second")
        self.streams += 1
        return AdmittedStream(self, peer, now)

    def give_back(self) -> None:
        """Return the token of a stream that ended before its first request, so that another can
        open."""
        self._new.give_back()


class AdmittedStream:
    """Limits of one admitted stream. Close it when the stream ends."""

    __slots__ = ("_admission", "_claims", "_key", "_peer", "_requests")

    def __init__(self, admission: Admission, peer: Peer | None, now: float) -> None:
        settings = admission.settings
        self._admission = admission
        self._peer = peer
        self._claims = 0
        self._key: ResourceKey | None = None
        self._requests = TokenBucket(settings.requests_per_s, settings.requests_at_once, now)

    def time_left_s(self, now: float) -> float | None:
        """Return the remaining validity of the client's certificate; ``None`` if it has no
        certificate.

        :param now: seconds since the epoch.
        """
        return None if self._peer is None else self._peer.not_after.timestamp() - now

    @property
    def first_request_s(self) -> float:
        """Time for the stream to send its first request."""
        return self._admission.settings.first_request_s

    def admit(self, identity: ProxyIdentity) -> None:
        """Check that the stream may have the configuration of the node that it named.

        :raises WrongPeer: the client's certificate does not name the node.
        :raises Crowded: too many proxies of this node are connected.
        """
        settings, of_node = self._admission.settings, self._admission.of_node
        if self._peer is not None:
            self._peer.require(identity.key, settings.tls.trust_domain if settings.tls else "")
        if of_node[identity.key] >= settings.max_streams_of_node:
            raise LimitReached(
                f"{settings.max_streams_of_node} streams of {identity.key} are open already"
            )
        self._key = identity.key
        of_node[identity.key] += 1

    def asks(self, names: int) -> None:
        """Check the number of names that the stream subscribes to.

        :raises Crowded: there are too many names.
        """
        if names > self._admission.settings.max_names:
            raise LimitReached(
                f"a stream may subscribe to {self._admission.settings.max_names} names, not {names}"
            )

    def claims(self, resources: int) -> None:
        """Count the resources that the stream claims to have but this server does not know.

        :raises LimitReached: the stream, or all streams together, claim too many.
        """
        more = resources - self._claims
        if not more:
            return
        settings, admission = self._admission.settings, self._admission
        if resources > settings.max_claims:
            raise LimitReached(
                f"a stream may claim {settings.max_claims} unknown resources, not {resources}"
            )
        if more > 0 and admission.claims + more > settings.max_claims_of_all:
            raise LimitReached("too many streams claim unknown resources; retry in a second")
        admission.claims += more
        self._claims = resources

    def delay(self, length: int, now: float) -> float:
        """Count a request of this length; return how many seconds to wait before reading it."""
        return self._requests.take(1 + length // _BYTES_OF_ONE, now)

    def close(self, *, unheard: bool = False) -> None:
        """Release what the stream counted against the limits.

        :param unheard: the stream ended before its first request, so another may open in its place.
        """
        self._admission.streams -= 1
        if unheard:
            self._admission.give_back()
        self._admission.claims -= self._claims
        if self._key is not None:
            of_node = self._admission.of_node
            of_node[self._key] -= 1
            if not of_node[self._key]:
                del of_node[self._key]
