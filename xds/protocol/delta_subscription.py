"""Subscription to one type on a delta stream.

It follows the xDS protocol, "How the client specifies what resources to return" and "Unsubscribing
from resources". Unlike in the SotW variant, a wildcard that is implied by a first request without
names lasts until the client unsubscribes from it.
"""

from collections.abc import Hashable
from typing import Final

from xds.protocol.requested_names import RequestedNames, weight
from xds.wire.decode import DeltaDiscoveryRequest

_WILDCARD: Final = "*"


class DeltaSubscription(RequestedNames):
    """The subscribed names, and whether the client subscribes to everything."""

    __slots__ = ("_legacy", "known")

    def __init__(self, *, legacy: bool) -> None:
        super().__init__()
        self.known = False
        """True if the client has sent a request yet."""
        # As in SotW, an empty first request is a wildcard only for listeners and clusters.
        self._legacy = legacy

    def state(self) -> Hashable:
        """Return everything that decides future behaviour."""
        return self.names, self.wildcard, self._legacy, self.known

    def update(self, request: DeltaDiscoveryRequest) -> frozenset[str]:
        """Apply a change; return the names that the client subscribes to again.

        They must be sent again, because the client may have dropped them. The same holds for names
        that it unsubscribes from while a wildcard still covers them: it has dropped those. ``*``
        means everything.
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
        # The first explicit name replaces an implicit wildcard.
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
