"""Which resources of one type a client asks for on one delta stream.

The rules are those of the xDS protocol, "How the client specifies what resources to return" and
"Unsubscribing from resources". They differ from those of the other variant in that a wildcard that
was never written, because a first request named nothing, lasts until it is unsubscribed from.
"""

from collections.abc import Hashable
from typing import Final

from xds.asked import Asked, weight
from xds.wire.decode import DeltaDiscoveryRequest

_WILDCARD: Final = "*"


class DeltaSubscription(Asked):
    """The names a client asks for, and whether it asks for everything."""

    __slots__ = ("_legacy", "known")

    def __init__(self, *, legacy: bool) -> None:
        super().__init__()
        self.known = False
        """Whether the client has said anything yet."""
        # As in the other variant, only listeners and clusters are meant by silence.
        self._legacy = legacy

    def state(self) -> Hashable:
        """Return all that it is made of."""
        return self.names, self.wildcard, self._legacy, self.known

    def update(self, request: DeltaDiscoveryRequest) -> frozenset[str]:
        """Take a change; return what the client asked for that it asked for before.

        Such names are to be sent again, for a client may have forgotten what it was sent. So are
        those that it names no more while a wildcard still covers them: it has forgotten those now.
        ``*`` stands for everything.
        """
        first, self.known = not self.known, True
        asked, dropped = request.subscribe, request.unsubscribe
        if first and self._legacy and not asked and not dropped:
            self.wildcard = True
            return frozenset()
        if not asked and not dropped:
            return frozenset()
        before = frozenset(self.names)
        again = before.intersection(asked)
        # Written for the first time it takes the place of a wildcard that was only meant.
        if _WILDCARD in asked:
            if self.wildcard and not self._legacy:
                again |= {_WILDCARD}
            self.wildcard, self._legacy = True, False
        if _WILDCARD in dropped:
            self.wildcard, self._legacy = False, False
        now = before.union(asked).difference(dropped, (_WILDCARD,))
        self.names = tuple(sorted(now))
        self.weight = weight(self.names)
        again -= frozenset(dropped)
        return again.union(before.intersection(dropped)) if self.wildcard else again
