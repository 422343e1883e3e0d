"""Which resources of one type a client asks for on one stream (state of the world).

The rules are those of the xDS protocol, "How the client specifies what resources to return".
"""

from collections.abc import Hashable

from xds.asked import Asked, weight

_WILDCARD = "*"


class Subscription(Asked):
    """The names a client asks for, and whether it asks for everything."""

    __slots__ = ("_asked", "_legacy")

    def __init__(self, *, legacy: bool) -> None:
        super().__init__()
        # A client that has never named anything means everything, but for listeners and clusters
        # only: Envoy's first request for routes is empty when it wants none yet.
        self._legacy = legacy
        self._asked: tuple[str, ...] | None = None

    @property
    def known(self) -> bool:
        """Whether the client has said anything yet."""
        return self._asked is not None

    def state(self) -> Hashable:
        """Return all that it is made of."""
        return self.names, self.wildcard, self._legacy, self._asked

    def update(self, asked: tuple[str, ...]) -> frozenset[str] | None:
        """Take the names of a request; return those that were not asked for before it.

        ``*`` is among them when everything is asked for and was not before. ``None`` says that the
        request changes nothing, as an ordinary ACK.
        """
        if asked == self._asked:
            return None
        self._asked = asked
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
