"""One type on one stream, state of the world: what is offered, under way, accepted and refused.

Pure. It knows one type only; what may be offered when is the session's business.
"""

from dataclasses import dataclass
from typing import TypeAlias

from xds.resources import Encoded, ResourceSet, Selection
from xds.subscription import Subscription
from xds.type_urls import WHOLE, TypeUrl
from xds.wire.decode import DiscoveryRequest, ErrorDetail


@dataclass(frozen=True, slots=True)
class Acked:
    """A client took a response."""

    type_url: TypeUrl
    version: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A client refused a response, and goes on with what it had."""

    type_url: TypeUrl
    version: str
    names: tuple[str, ...]
    """What the response held."""
    detail: ErrorDetail
    fresh: Selection = ()
    """Those that the client was never sent before."""


Answer: TypeAlias = Acked | Refused


@dataclass(frozen=True, slots=True)
class Response:
    """A response to be written: a body that streams share, and this stream's nonce."""

    type_url: TypeUrl
    version: str
    nonce: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Flight:
    """A response that the client has not answered."""

    version: str
    carried: Selection
    fresh: Selection
    since: float


class Watch:
    """What a client has been told of one type, and what it is to be told next."""

    __slots__ = (
        "_answered",
        "_claimed",
        "_flight",
        "_limit",
        "_memo",
        "_nonce",
        "_offered",
        "_refused",
        "_refused_whole",
        "_subscription",
        "_urgent",
        "_whole",
        "type_url",
    )

    def __init__(self, type_url: TypeUrl, claimed: str) -> None:
        self.type_url = type_url
        self._whole = type_url in WHOLE
        self._subscription = Subscription(legacy=self._whole)
        self._claimed = claimed
        """The version that the first request says the client holds, until that is answered."""
        self._nonce = ""
        self._flight: _Flight | None = None
        self._answered = False
        """Whether a request that must be answered has been."""
        self._offered: Selection = ()
        """What the client asked for as it stood when it was last sent something, and was sent."""
        self._urgent: set[str] = set()
        """Names to be sent although the client was sent them before."""
        self._refused: set[Encoded] = set()
        self._refused_whole = False
        self._limit = 0
        """How many resources a response may hold, while a culprit is looked for; 0: any number."""
        self._memo: tuple[ResourceSet | None, Selection] = (None, ())

    # ---- requests --------------------------------------------------------------------------------

    def on_request(self, request: DiscoveryRequest) -> Answer | None:
        """Take a request of this type; return what it answers, if it answers anything.

        A request that carries another nonce than the last one sent crossed with that response: it
        is ignored, for the client will answer the response too ("ACK and NACK semantics").
        """
        if self._nonce and request.nonce != self._nonce:
            return None
        answer = None
        if self._flight is not None:
            answer = self._resolve(self._flight, request.error)
        self._subscribe(request.names)
        return answer

    def _resolve(self, flight: _Flight, error: ErrorDetail | None) -> Answer:
        self._flight = None
        if error is None:
            self._limit *= 2
            return Acked(self.type_url, flight.version)
        self._refuse(flight.carried)
        names = tuple(resource.name for resource in flight.carried)
        return Refused(self.type_url, flight.version, names, error, flight.fresh)

    def _refuse(self, carried: Selection) -> None:
        if self._whole:
            self._refused_whole = True
        elif len(carried) == 1:
            self._refused.update(carried)
        else:
            # One bad resource may have kept the good ones beside it from being taken: they go
            # again in smaller responses, until the bad one is alone. None is sent twice alike.
            self._urgent.update(resource.name for resource in carried)
            self._limit = max(1, len(carried) // 2)

    def _subscribe(self, names: tuple[str, ...]) -> None:
        known = self._subscription.known
        added = self._subscription.update(names)
        if added is None:
            return
        if known:
            self._claimed = ""
        covers = self._subscription.covers
        self._memo = (None, ())
        self._offered = tuple(r for r in self._offered if covers(r.name))
        self._urgent = {name for name in self._urgent if covers(name)}
        if added:
            self._answered = False
            if not self._whole:
                self._urgent |= added - {"*"}

    # ---- responses -------------------------------------------------------------------------------

    def due(self, wanted: ResourceSet) -> bool:
        """Whether there is something to send, if it were this that the client is to have."""
        selection = self._select(wanted)
        if selection is self._offered and self._answered and not self._urgent:
            return False
        if self._whole:
            return not self._up_to_date(wanted, selection)
        if self._changes(selection):
            return True
        # Names that do not exist, and resources that are gone, are no reason to say anything.
        self._answered, self._offered, self._limit = True, selection, 0
        self._urgent.clear()
        self._memo = (wanted, selection)
        return False

    def respond(self, wanted: ResourceSet, nonce: str, now: float) -> tuple[Response, Selection]:
        """Return the response that is due, and which of its resources are new to the client."""
        selection = self._select(wanted)
        # Of what was refused or is unanswered nobody knows what the client has.
        in_doubt = self._refused_whole or self._flight is not None
        before = set() if in_doubt else set(self._offered)
        carried = selection if self._whole else self._changes(selection)
        self._urgent = set()
        if self._limit and not self._whole:
            self._urgent.update(resource.name for resource in carried[self._limit :])
            carried = carried[: self._limit]
        self._refused_whole = False
        self._refused = self._refused.intersection(selection).difference(carried)
        self._answered, self._offered, self._claimed = True, selection, ""
        fresh = tuple(resource for resource in carried if resource not in before)
        self._nonce, self._flight = nonce, _Flight(wanted.version, carried, fresh, now)
        return Response(self.type_url, wanted.version, nonce, wanted.body(carried)), fresh

    def urge(self, names: set[str]) -> None:
        """Send these again, as far as the client asks for them."""
        self._urgent.update(name for name in names if self._subscription.covers(name))

    def _select(self, wanted: ResourceSet) -> Selection:
        if self._memo[0] is not wanted:
            selection = self._subscription.select(wanted)
            # Equal selections become the same one, so that most comparisons are of two pointers.
            if selection == self._offered:
                selection = self._offered
            self._memo = (wanted, selection)
        return self._memo[1]

    def _up_to_date(self, wanted: ResourceSet, selection: Selection) -> bool:
        """Whether a client of a type that is sent whole has this, and has been answered.

        The first request of a stream may go unanswered when the client holds exactly what it would
        be sent. A version tells that only of those who ask for everything ("Resource versions").
        """
        if self._claimed == wanted.version and self._subscription.wildcard:
            self._answered, self._offered = True, selection
        return self._answered and selection == self._offered

    def _changes(self, selection: Selection) -> Selection:
        """Return what a response of a type that is not sent whole would hold."""
        if selection is self._offered and not self._urgent:
            return ()
        before, urgent = set(self._offered), self._urgent
        return tuple(r for r in selection if r not in before or r.name in urgent)

    # ---- where it stands -------------------------------------------------------------------------

    @property
    def under_way(self) -> bool:
        """Whether a response is unanswered."""
        return self._flight is not None

    @property
    def sent_at(self) -> float | None:
        """When the response that is unanswered was sent."""
        return None if self._flight is None else self._flight.since

    def refuses(self, wanted: ResourceSet) -> bool:
        """Whether the client refused this, or part of it, and would not be sent it again."""
        if self._whole:
            return self._refused_whole and self._select(wanted) == self._offered
        return bool(self._refused) and not self._refused.isdisjoint(self._select(wanted))
