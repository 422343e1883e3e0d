"""Which resources a client refused, and how a bad one among good ones is found. Pure."""

from collections.abc import Set
from typing import Final

from xds.resources import Encoded, Selection

MAX_RESPONSE_BYTES: Final = 3 << 20
"""How large a response may grow that need not hold everything. A gRPC client refuses messages of
more than 4 MiB unless it is told otherwise."""

_NONE: Final[frozenset[Encoded]] = frozenset()


class Culprits:
    """What a client refused of a type whose responses need not be complete.

    One bad resource may have kept the good ones beside it from being taken: they go again in
    smaller responses, until the bad one is alone. None is sent twice alike.
    """

    __slots__ = ("_limit", "_refused")

    def __init__(self) -> None:
        self._refused = _NONE
        self._limit = 0
        """How many resources a response may hold, while a culprit is looked for; 0: any number."""

    def __contains__(self, resource: Encoded) -> bool:
        return resource in self._refused

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._refused)

    @property
    def none(self) -> bool:
        """Whether there are none, and none is looked for."""
        return not self._refused and not self._limit

    def among(self, selection: Selection) -> bool:
        """Whether one of these was refused."""
        return bool(self._refused) and not self._refused.isdisjoint(selection)

    def relieve(self) -> None:
        """Take into account that a response was taken."""
        self._limit *= 2

    def refuse(self, carried: Selection) -> Set[str]:
        """Take into account that a response was refused; return what of it is to go again."""
        if len(carried) <= 1:
            self._refused = self._refused.union(carried)
            return frozenset()
        self._limit = max(1, len(carried) // 2)
        return {resource.name for resource in carried}

    def acquit(self, suspects: Selection) -> Set[str]:
        """Take into account that these were not to blame; return what of them is to go again."""
        freed = self._refused.intersection(suspects)
        self._refused = self._refused.difference(freed)
        return {resource.name for resource in freed}

    def cut(self, due: Selection) -> tuple[Selection, Selection]:
        """Return what goes in the next response, which is at least one, and what has to wait."""
        size = 0
        for count, resource in enumerate(due):
            size += len(resource.entry)
            if count and (size > MAX_RESPONSE_BYTES or count == self._limit):
                return due[:count], due[count:]
        return due, ()

    def forget(self, selection: Selection, sent: Selection) -> None:
        """Keep of what was refused only what is still asked for, and is not sent once more."""
        if self._refused:
            self._refused = self._refused.intersection(selection).difference(sent)

    def rest(self) -> None:
        """Take into account that there is nothing left to send."""
        self._limit = 0
