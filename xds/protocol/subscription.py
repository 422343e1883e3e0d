"""Subscription of a client to one type: names, or everything.

It follows the xDS protocol, "How the client specifies what resources to return" and "Unsubscribing
from resources".
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterable
from typing import Final

from xds.snapshots.resources import ResourceSet, View
from xds.wire.decode import DeltaDiscoveryRequest

_WILDCARD: Final = "*"
_LONG: Final = 128


def weight(names: Iterable[str]) -> int:
    """Return the number of names for memory limits: a long name counts as several."""
    return sum(1 + len(name) // _LONG for name in names)


class Subscription:
    """The subscribed names, and whether the client subscribes to everything."""

    __slots__ = ("names", "weight", "wildcard")

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        """The subscribed names: sorted, without duplicates and without the wildcard."""
        self.weight = 0
        """Number of names for memory limits; see :func:`weight`."""
        self.wildcard = False

    def view(self, resources: ResourceSet) -> View:
        """Return the resources that the client subscribes to."""
        return resources.view(self.names, wildcard=self.wildcard)

    def covers(self, name: str) -> bool:
        """Return whether the client subscribes to this name."""
        if self.wildcard:
            return True
        place = bisect_left(self.names, name)
        return place < len(self.names) and self.names[place] == name


class SotwSubscription(Subscription):
    """A subscription whose requests repeat all of its names."""

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
        """Return a comparison key: subscriptions with equal keys behave the same from now on."""
        return self.names, self.wildcard, self._legacy, self._requested

    def update(self, asked: tuple[str, ...]) -> frozenset[str] | None:
        """Apply the names of a request; return the newly subscribed names.

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


class DeltaSubscription(Subscription):
    """A subscription whose requests add and remove names.

    Unlike in the SotW variant, a wildcard that is implied by a first request without names lasts
    until the client unsubscribes from it.
    """

    __slots__ = ("_legacy", "known")

    def __init__(self, *, legacy: bool) -> None:
        super().__init__()
        self.known = False
        """True if the client has sent a request yet."""
        # As in SotW, an empty first request is a wildcard only for listeners and clusters.
        self._legacy = legacy

    def state(self) -> Hashable:
        """Return a comparison key: subscriptions with equal keys behave the same from now on."""
        return self.names, self.wildcard, self._legacy, self.known

    def update(self, request: DeltaDiscoveryRequest) -> frozenset[str]:
        """Apply a change; return the names that the client subscribes to again.

        They must be sent again, because the client may have dropped them. The same holds for names
        from which it unsubscribes while a wildcard still covers them: it dropped those resources,
        too. ``*`` stands for all names.
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
