"""Subscription of a client to one type: names, or everything. The same for SotW and delta."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from xds.snapshots.resources import ResourceSet, View

_LONG: Final = 128


def weight(names: Iterable[str]) -> int:
    """Return how many names these count as, for what is kept of them: a long one as several."""
    return sum(1 + len(name) // _LONG for name in names)


class RequestedNames:
    """The subscribed names, and whether the client subscribes to everything."""

    __slots__ = ("names", "weight", "wildcard")

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        """Sorted, without duplicates and without the wildcard."""
        self.weight = 0
        """How many names they count as: see :func:`weight`."""
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
