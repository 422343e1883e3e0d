"""Subscription to one type on a state-of-the-world stream.

It follows the xDS protocol, "How the client specifies what resources to return".
"""

from collections.abc import Hashable

from xds.protocol.requested_names import RequestedNames, weight

_WILDCARD = "*"


class Subscription(RequestedNames):
    """The subscribed names, and whether the client subscribes to everything."""

    __slots__ = ("_legacy", "_requested")

    def __init__(self, *, legacy: bool) -> None:
        super().__init__()
        # A client that has never sent a name subscribes to everything, but only for listeners and
        # clusters: Envoy's first request for routes is empty if it needs none yet.
        self._legacy = legacy
        self._requested: tuple[str, ...] | None = None

    @property
    def known(self) -> bool:
        """True if the client has sent a request yet."""
        return self._requested is not None

    def state(self) -> Hashable:
        """Return everything that decides future behaviour."""
        return self.names, self.wildcard, self._legacy, self._requested

    def update(self, asked: tuple[str, ...]) -> frozenset[str] | None:
        """Apply the names of a request; return those that are newly subscribed.

        They include ``*`` if the client newly subscribes to everything. ``None`` means that the
        request changes nothing, like an ordinary ACK.
        """
        if asked == self._requested:
            return None
        self._requested = asked
        before = {*self.names, _WILDCARD} if self.wildcard else set(self.names)
        now = set(asked)
        if now:
            self._legacy = False
        elif self._legacy:
            now = {_WILDCARD}
        self.wildcard = _WILDCARD in now
        self.names = tuple(sorted(now - {_WILDCARD}))
        self.weight = weight(self.names)
        return frozenset(now - before)
