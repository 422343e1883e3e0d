"""State of one type on one stream, common to SotW and delta. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Set
from typing import Final, Generic, Self, TypeVar

from xds.protocol.bisect_refused import RefusedBisection
from xds.protocol.response import Flight
from xds.protocol.shallow_copy import duplicate
from xds.protocol.subscription import Subscription
from xds.snapshots.resources import Encoded, ResourceSet, View
from xds.type_urls import TypeUrl

NOTHING: Final[Set[str]] = frozenset()

S = TypeVar("S", bound=Subscription)


class TypeWatch(ABC, Generic[S]):
    """State of a client for one type; the protocol variant processes requests.

    The roll-out reads :attr:`flight` and :attr:`settled_on` for each push and each answer, so these
    are plain attributes.
    """

    __slots__ = (
        "_answered",
        "_bisection",
        "_errors",
        "_reported_missing",
        "_seen",
        "_subscription",
        "_urgent",
        "flight",
        "refused_removals",
        "settled_on",
        "type_url",
    )

    def __init__(self, type_url: TypeUrl, subscription: S, *, errors: bool, answered: bool) -> None:
        self.type_url = type_url
        self._subscription = subscription
        self._errors = errors
        """True if nonexistent names are reported as errors (xRFC TP3)."""
        self._answered = answered
        """True if the request that requires a response was answered, even if by an empty
        response."""
        self.flight: Flight | None = None
        """The unanswered response."""
        self._reported_missing: tuple[str, ...] = ()
        """Names that were reported to the client as nonexistent, while they do not exist."""
        self._urgent = NOTHING
        """Names to report again, although they were reported before."""
        self._bisection = RefusedBisection()
        self.refused_removals = NOTHING
        """Removed names whose removal the client refused."""
        self._seen: tuple[ResourceSet | None, View | None] = (None, None)
        self.settled_on: ResourceSet | None = None
        """The last resource set of which the client had everything that it subscribes to."""

    def copy(self) -> Self:
        """Return an independent copy."""
        new = duplicate(self)
        new._bisection = duplicate(self._bisection)
        new._subscription = duplicate(self._subscription)
        return new

    @abstractmethod
    def rest(self) -> Hashable | None:
        """Return a comparison key: watches with equal keys behave the same from now on.

        ``None`` while a response is in flight. The key compares parts by identity, so it is valid
        only as long as they exist.
        """

    def _rest(self) -> Hashable | None:
        """Return the part of :meth:`rest` that both variants share."""
        if self.flight is not None or self.refused_removals or not self._bisection.none:
            return None
        # The view is only a cache, so it is not part of the value.
        settled_on = id(self.settled_on)
        return (
            self.type_url,
            self._errors,
            self._answered,
            self._reported_missing,
            self._urgent,
            settled_on,
        )

    @abstractmethod
    def due(self, wanted: ResourceSet) -> bool:
        """Return whether a response must be sent if ``wanted`` is the target."""

    def settled(self, wanted: ResourceSet) -> bool:
        """Return whether the client has this target completely and has refused none of it."""
        if self.settled_on is wanted:
            return True
        if self.refuses(wanted) or self.due(wanted):
            return False
        self.settled_on = wanted
        return True

    def urge(self, names: Set[str]) -> None:
        """Send these names again, as far as the client subscribes to them."""
        self.settled_on = None
        self._urgent |= {name for name in names if self._subscription.covers(name)}

    @property
    def names(self) -> int:
        """Number of resources that the client requests by name; a long name counts as several."""
        return self._subscription.weight

    def asks_for(self, name: str) -> bool:
        """Return whether the client subscribes to this name."""
        return self._subscription.covers(name)

    def missing(self, wanted: ResourceSet) -> tuple[str, ...]:
        """Return the subscribed names that do not exist."""
        return self._see(wanted).missing

    def has_refused(self, resource: Encoded) -> bool:
        """Return whether the client refused this resource when it was sent alone."""
        return resource in self._bisection

    def refuses(self, wanted: ResourceSet) -> bool:
        """True if the client refused this set, or part of it, so that it is not sent again."""
        return self._bisection.any and self._bisection.among(self._see(wanted).all)

    def _see(self, wanted: ResourceSet) -> View:
        seen, view = self._seen
        if seen is wanted and view is not None:
            return view
        view = self._subscription.view(wanted)
        self._seen = (wanted, view)
        return view
