"""One type on one stream, state of the world: what is offered, under way, accepted and refused.

Pure. It knows one type only; what may be offered when is the session's business.
"""

from collections.abc import Set
from typing import Final, NamedTuple, TypeAlias

from xds.culprits import Culprits
from xds.resources import Encoded, Held, ResourceSet, Selection, View
from xds.subscription import Subscription
from xds.type_urls import WHOLE, TypeUrl
from xds.wire.decode import DiscoveryRequest, ErrorDetail


class Acked(NamedTuple):
    """A client took a response."""

    type_url: TypeUrl
    version: str


class Refused(NamedTuple):
    """A client refused a response, and goes on with what it had."""

    type_url: TypeUrl
    version: str
    names: tuple[str, ...]
    """What the response held."""
    detail: ErrorDetail
    fresh: Selection = ()
    """Those that the client was never sent before."""


Answer: TypeAlias = Acked | Refused


class Response(NamedTuple):
    """A response to be written: a body that streams share, and this stream's nonce."""

    type_url: TypeUrl
    version: str
    nonce: str
    body: bytes


class Flight(NamedTuple):
    """A response that the client has not answered."""

    nonce: str
    version: str
    carried: Selection
    fresh: Selection
    since: float
    removed: tuple[str, ...] = ()
    """What it tells to be gone; only delta responses do."""

    def answered(self, type_url: TypeUrl, error: ErrorDetail | None) -> Answer:
        """Return what the client says of it."""
        if error is None:
            return Acked(type_url, self.version)
        names = tuple(resource.name for resource in self.carried)
        return Refused(type_url, self.version, names, error, self.fresh)


_NOTHING: Final[Set[str]] = frozenset()
_NO_RESOURCES: Final[Held] = {}


class Watch:
    """What a client has been told of one type, and what it is to be told next."""

    __slots__ = (
        "_answered",
        "_claimed",
        "_culprits",
        "_errors",
        "_nonce",
        "_offered",
        "_refused_whole",
        "_seen",
        "_subscription",
        "_told",
        "_urgent",
        "_whole",
        "flight",
        "settled_on",
        "type_url",
    )

    def __init__(self, type_url: TypeUrl, claimed: str = "", *, errors: bool = False) -> None:
        self.type_url = type_url
        self._whole = type_url in WHOLE
        self._subscription = Subscription(legacy=self._whole)
        self._claimed = claimed
        """The version that the first request says the client holds, until that is answered."""
        self._errors = errors
        """Whether the client wants to be told of names that are no resources."""
        self._nonce = ""
        self.flight: Flight | None = None
        """The response that is unanswered."""
        self._answered = False
        """Whether a request that must be answered has been."""
        self._offered: Held = _NO_RESOURCES
        """What the client asked for as it stood when it was last sent something, and was sent."""
        self._told: tuple[str, ...] = ()
        """Which names the client was told to be no resources, while they were none."""
        self._urgent = _NOTHING
        """Names to be sent although the client was sent them before."""
        self._culprits = Culprits()
        self._refused_whole = False
        self._seen: tuple[ResourceSet | None, View | None] = (None, None)
        self.settled_on: ResourceSet | None = None
        """The set that the client was last found to have, as far as it asks for it."""

    # ---- requests --------------------------------------------------------------------------------

    def on_request(self, request: DiscoveryRequest) -> Answer | None:
        """Take a request of this type; return what it answers, if it answers anything.

        A request that carries another nonce than the last one sent crossed with that response: it
        is ignored, for the client will answer the response too ("ACK and NACK semantics").
        """
        if self._nonce and request.nonce != self._nonce:
            return None
        answer = None
        if self.flight is not None:
            answer = self._resolve(self.flight, request.error)
        self._subscribe(request.names)
        return answer

    def _resolve(self, flight: Flight, error: ErrorDetail | None) -> Answer:
        self.flight = None
        if error is not None:
            self.settled_on = None
        if error is None:
            self._culprits.relieve()
        elif self._whole:
            self._refused_whole = True
        else:
            self._urgent |= self._culprits.refuse(flight.carried)
        return flight.answered(self.type_url, error)

    def _subscribe(self, names: tuple[str, ...]) -> None:
        known = self._subscription.known
        added = self._subscription.update(names)
        if added is None:
            return
        if known:
            self._claimed = ""
        covers = self._subscription.covers
        self._seen, self.settled_on = (None, None), None
        self._offered = {name: r for name, r in self._offered.items() if covers(name)}
        self._urgent = frozenset(name for name in self._urgent if covers(name))
        self._told = tuple(name for name in self._told if covers(name) and name not in added)
        if added:
            self._answered = False
            if not self._whole:
                self._urgent |= added - {"*"}

    # ---- responses -------------------------------------------------------------------------------

    def settled(self, wanted: ResourceSet) -> bool:
        """Whether there is nothing to send, if it were this that the client is to have, and the
        client has not refused it."""
        if self.settled_on is wanted:
            return True
        if self.refuses(wanted) or self.due(wanted):
            return False
        self.settled_on = wanted
        return True

    def due(self, wanted: ResourceSet) -> bool:
        """Whether there is something to send, if it were this that the client is to have."""
        if self.settled_on is wanted:
            return False
        view = self._see(wanted)
        if view.by_name is self._offered and self._answered and not self._urgent:
            return self._untold(view)
        if self._whole:
            return not self._up_to_date(wanted, view) or self._untold(view)
        if self._changes(view) or self._untold(view):
            return True
        # Names that do not exist, and resources that are gone, are no reason to say anything.
        self._answered, self._offered, self._urgent = True, view.by_name, _NOTHING
        self._culprits.rest()
        return False

    def respond(self, wanted: ResourceSet, nonce: str, now: float) -> tuple[Response, Selection]:
        """Return the response that is due, and which of its resources are new to the client."""
        self.settled_on = None
        view = self._see(wanted)
        # Of what was refused or is unanswered nobody knows what the client has.
        in_doubt = self._refused_whole or self.flight is not None
        before = _NO_RESOURCES if in_doubt else self._offered
        carried, later = self._carry(view)
        self._urgent = frozenset(resource.name for resource in later) if later else _NOTHING
        self._refused_whole = False
        self._culprits.forget(view.all, carried)
        missing = view.missing if self._errors else ()
        self._answered, self._offered, self._claimed, self._told = True, view.by_name, "", missing
        fresh = tuple(resource for resource in carried if before.get(resource.name) is not resource)
        self._nonce = nonce
        self.flight = Flight(nonce, wanted.version, carried, fresh, now)
        body = wanted.body(carried, missing)
        return Response(self.type_url, wanted.version, nonce, body), fresh

    def _carry(self, view: View) -> tuple[Selection, Selection]:
        """Return what the next response holds, and what has to wait for the one after it."""
        return (view.all, ()) if self._whole else self._culprits.cut(self._changes(view))

    def urge(self, names: Set[str]) -> None:
        """Send these again, as far as the client asks for them."""
        self.settled_on = None
        self._urgent |= {name for name in names if self._subscription.covers(name)}

    def _see(self, wanted: ResourceSet) -> View:
        seen, view = self._seen
        if seen is wanted and view is not None:
            return view
        view = self._subscription.view(wanted)
        # Equal selections become the same one, so that most comparisons are of two pointers.
        if view.by_name is not self._offered and view.by_name == self._offered:
            self._offered = view.by_name
        self._seen = (wanted, view)
        return view

    def _up_to_date(self, wanted: ResourceSet, view: View) -> bool:
        """Whether a client of a type that is sent whole has this, and has been answered.

        The first request of a stream may go unanswered when the client holds exactly what it would
        be sent. A version tells that only of those who ask for everything ("Resource versions").
        """
        if self._claimed == wanted.version and self._subscription.wildcard:
            self._answered, self._offered = True, view.by_name
        return self._answered and view.by_name == self._offered

    def _changes(self, view: View) -> Selection:
        """Return what a response of a type that is not sent whole would hold."""
        if not self._urgent:
            return view.since(self._offered)[0]
        before, urgent = self._offered, self._urgent
        return tuple(r for r in view.all if before.get(r.name) is not r or r.name in urgent)

    def _untold(self, view: View) -> bool:
        """Whether the client is to be told of a name that is no resource, and has not been."""
        if not self._errors or view.missing is self._told or view.missing == self._told:
            return False
        return not set(view.missing) <= set(self._told)

    # ---- where it stands -------------------------------------------------------------------------

    @property
    def names(self) -> int:
        """How many resources the client asks for by name."""
        return len(self._subscription.names)

    def asks_for(self, name: str) -> bool:
        """Whether the client wants a resource of this name."""
        return self._subscription.covers(name)

    def missing(self, wanted: ResourceSet) -> tuple[str, ...]:
        """Return the names that the client asks for and that are not there."""
        return self._see(wanted).missing

    def has_refused(self, resource: Encoded) -> bool:
        """Whether the client refused this resource, which came alone."""
        return resource in self._culprits

    def refuses(self, wanted: ResourceSet) -> bool:
        """Whether the client refused this, or part of it, and would not be sent it again."""
        if self._whole:
            return self._refused_whole and self._see(wanted).by_name == self._offered
        return self._culprits.any and self._culprits.among(self._see(wanted).all)
