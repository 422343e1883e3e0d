"""One type on one stream, as far as both variants of the protocol are the same. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Set
from typing import Final, Self

from xds.answers import Flight
from xds.asked import Asked
from xds.culprits import Culprits
from xds.duplicate import duplicate
from xds.resources import Encoded, ResourceSet, View
from xds.type_urls import TypeUrl

NOTHING: Final[Set[str]] = frozenset()


class TypeWatch(ABC):
    """Where a client stands with one type; what follows from a request is the variant's business.

    The roll-out looks at :attr:`flight` and :attr:`settled_on` for each push and each answer, so
    these are plain attributes.
    """

    __slots__ = (
        "_answered",
        "_asked",
        "_culprits",
        "_errors",
        "_seen",
        "_told",
        "_urgent",
        "clung_to",
        "flight",
        "settled_on",
        "type_url",
    )

    def __init__(self, type_url: TypeUrl, asked: Asked, *, errors: bool, answered: bool) -> None:
        self.type_url = type_url
        self._asked = asked
        self._errors = errors
        """Whether names that are no resources are told as errors (xRFC TP3)."""
        self._answered = answered
        """Whether a request that must be answered has been, if only that there is nothing."""
        self.flight: Flight | None = None
        """The response that is unanswered."""
        self._told: tuple[str, ...] = ()
        """Which names the client was told to be no resources, while they were none."""
        self._urgent = NOTHING
        """Names to be told of although the client was told of them before."""
        self._culprits = Culprits()
        self.clung_to = NOTHING
        """Names that the client was told to be gone, and refused to let go of."""
        self._seen: tuple[ResourceSet | None, View | None] = (None, None)
        self.settled_on: ResourceSet | None = None
        """The set that the client was last found to have, as far as it asks for it."""

    def copy(self) -> Self:
        """Return one that stands where this one does, and goes its own way."""
        new = duplicate(self)
        new._culprits = duplicate(self._culprits)
        return new

    @abstractmethod
    def rest(self) -> Hashable | None:
        """Return all that decides what follows from here, if nothing is under way; else ``None``.

        Some of it is told by identity, and so compares only while it lives.
        """

    def _rest(self) -> Hashable | None:
        """Return what of that both variants have."""
        if self.flight is not None or self.clung_to or not self._culprits.none:
            return None
        # What is seen of a set can be seen again.
        settled_on = id(self.settled_on)
        return self.type_url, self._errors, self._answered, self._told, self._urgent, settled_on

    @abstractmethod
    def due(self, wanted: ResourceSet) -> bool:
        """Whether there is something to send, if it were this that the client is to have."""

    def settled(self, wanted: ResourceSet) -> bool:
        """Whether there is nothing to send, if it were this that the client is to have, and the
        client has not refused it."""
        if self.settled_on is wanted:
            return True
        if self.refuses(wanted) or self.due(wanted):
            return False
        self.settled_on = wanted
        return True

    def urge(self, names: Set[str]) -> None:
        """Send these again, as far as the client asks for them."""
        self.settled_on = None
        self._urgent |= {name for name in names if self._asked.covers(name)}

    @property
    def names(self) -> int:
        """How many resources the client asks for by name; a long name counts as several."""
        return self._asked.weight

    def asks_for(self, name: str) -> bool:
        """Whether the client wants a resource of this name."""
        return self._asked.covers(name)

    def missing(self, wanted: ResourceSet) -> tuple[str, ...]:
        """Return the names that the client asks for and that are not there."""
        return self._see(wanted).missing

    def has_refused(self, resource: Encoded) -> bool:
        """Whether the client refused this resource, which came alone."""
        return resource in self._culprits

    def refuses(self, wanted: ResourceSet) -> bool:
        """Whether the client refused this, or part of it, and would not be sent it again."""
        return self._culprits.any and self._culprits.among(self._see(wanted).all)

    def _see(self, wanted: ResourceSet) -> View:
        seen, view = self._seen
        if seen is wanted and view is not None:
            return view
        view = self._asked.view(wanted)
        self._seen = (wanted, view)
        return view
