"""Bisection of refused responses: find the invalid resource among valid ones. Pure."""

from collections.abc import Set
from typing import Final

from xds.protocol.response import MAX_RESPONSE_BYTES
from xds.snapshots.resources import Encoded, Selection

_NONE: Final[frozenset[Encoded]] = frozenset()


class RefusedBisection:
    """Resources that a client refused, for types whose responses may be incomplete.

    One invalid resource may have caused the refusal of valid ones: they are sent again in smaller
    responses until the invalid one is alone. No response is sent twice.
    """

    __slots__ = ("_limit", "_refused")

    def __init__(self) -> None:
        self._refused = _NONE
        self._limit = 0
        """Maximum resources per response during the search for an invalid one; 0 means no limit."""

    def __contains__(self, resource: Encoded) -> bool:
        return resource in self._refused

    @property
    def any(self) -> bool:
        """True if at least one resource is refused."""
        return bool(self._refused)

    @property
    def none(self) -> bool:
        """True if no resource is refused and no search is running."""
        return not self._refused and not self._limit

    def among(self, selection: Selection) -> bool:
        """Return whether one of these resources is refused."""
        return not self._refused.isdisjoint(selection)

    def relax_limit(self) -> None:
        """Record that a response was accepted."""
        self._limit *= 2

    def refuse(self, carried: Selection) -> Set[str]:
        """Record that a response was refused; return the resources to send again."""
        if len(carried) <= 1:
            self._refused = self._refused.union(carried)
            return frozenset()
        self._limit = max(1, len(carried) // 2)
        return {resource.name for resource in carried}

    def accept_again(self, suspects: Selection) -> Set[str]:
        """Record that these resources are valid; return those to send again."""
        freed = self._refused.intersection(suspects)
        self._refused = self._refused.difference(freed)
        return {resource.name for resource in freed}

    def cut(self, due: Selection) -> tuple[Selection, Selection]:
        """Split the due resources into those for the next response, at least one, and those that
        wait."""
        size = 0
        for count, resource in enumerate(due):
            size += len(resource.entry)
            if count and (size > MAX_RESPONSE_BYTES or count == self._limit):
                return due[:count], due[count:]
        return due, ()

    def forget(self, selection: Selection, sent: Selection) -> None:
        """Drop refused resources that are no longer subscribed, or that are sent again."""
        if self._refused:
            self._refused = self._refused.intersection(selection).difference(sent)

    def rest(self) -> None:
        """Record that no resource is left to send."""
        self._limit = 0
