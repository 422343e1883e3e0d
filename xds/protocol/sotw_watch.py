"""One type on one state-of-the-world stream: what is offered, in flight, accepted and refused.

Pure. The session decides when this type may be offered.
"""

from collections.abc import Hashable
from typing import Final

from xds.protocol.response import Answer, Flight, Response
from xds.protocol.subscription import SotwSubscription
from xds.protocol.type_watch import NOTHING, TypeWatch
from xds.snapshots.resources import Held, ResourceSet, Selection, View
from xds.type_urls import WHOLE, TypeUrl
from xds.wire.decode import DiscoveryRequest, ErrorDetail

_NO_RESOURCES: Final[Held] = {}


class Watch(TypeWatch[SotwSubscription]):
    """SotW state of one type: the resources that a client was sent, and those that are due."""

    __slots__ = ("_claimed", "_offered", "_refused_whole", "_whole")

    def __init__(self, type_url: TypeUrl, claimed: str = "", *, errors: bool = False) -> None:
        """Start without responses; ``errors`` means that nonexistent names are reported.

        :param claimed: the version that the client claims in its first request.
        """
        self._whole = type_url in WHOLE
        subscription = SotwSubscription(legacy=self._whole)
        super().__init__(type_url, subscription, errors=errors, answered=False)
        self._claimed = claimed
        """The version that the client claims to hold, until a response is sent."""
        self._offered: Held = _NO_RESOURCES
        """Resources that the client was sent, as of its last response and subscription."""
        self._refused_whole = False

    # ---- requests --------------------------------------------------------------------------------

    def on_request(self, request: DiscoveryRequest, *, current: bool) -> Answer | None:
        """Process a request of this type; return the answer that it contains, if any.

        A request with a stale nonce was sent before the client received the last response: it is
        ignored, because the client will answer the response too ("ACK and NACK semantics").
        """
        if not current:
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
        removal_only = bool(self._whole and flight.removed and not flight.fresh)
        if error is None:
            self._bisection.relax_limit()
            self.refused_removals = NOTHING
        elif removal_only:
            self.refused_removals = frozenset(flight.removed)
        elif self._whole:
            self._refused_whole = True
        else:
            self._urgent |= self._bisection.refuse(flight.carried)
        return flight.answered(self.type_url, error, removal_only=removal_only)

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
        self.refused_removals = frozenset(name for name in self.refused_removals if covers(name))
        self._reported_missing = tuple(
            name for name in self._reported_missing if covers(name) and name not in added
        )
        if added:
            self._answered = False
            if not self._whole:
                self._urgent |= added - {"*"}

    # ---- responses -------------------------------------------------------------------------------

    def due(self, wanted: ResourceSet) -> bool:
        """Return whether a response must be sent if ``wanted`` is the target."""
        if self.settled_on is wanted:
            return False
        view = self._see(wanted)
        if view.by_name is self._offered and self._answered and not self._urgent:
            return self._untold(view)
        if self._whole:
            return not self._up_to_date(wanted, view) or self._untold(view)
        if self._changes(view) or self._untold(view):
            return True
        # Missing names and removed resources alone need no response.
        self._answered, self._offered, self._urgent = True, view.by_name, NOTHING
        self._bisection.rest()
        return False

    def respond(self, wanted: ResourceSet, nonce: str, now: float) -> tuple[Response, Selection]:
        """Return the due response, and the resources in it that are new to the client."""
        self.settled_on = None
        view = self._see(wanted)
        # After a refusal, or without an answer, it is unknown what the client has.
        in_doubt = self._refused_whole or self.flight is not None
        before = _NO_RESOURCES if in_doubt else self._offered
        carried, later = self._carry(view)
        self._urgent = frozenset(resource.name for resource in later) if later else NOTHING
        self._refused_whole = False
        self._bisection.forget(view.all, carried)
        missing = view.missing if self._errors else ()
        self._answered, self._offered, self._claimed, self._reported_missing = (
            True,
            view.by_name,
            "",
            missing,
        )
        fresh = tuple(resource for resource in carried if before.get(resource.name) is not resource)
        gone = tuple(name for name in before if name not in view.by_name) if self._whole else ()
        self.flight = Flight(wanted.version, carried, fresh, now, gone)
        body = wanted.body(carried, missing)
        return Response(self.type_url, wanted.version, nonce, body), fresh

    def rest(self) -> Hashable | None:
        """See :meth:`TypeWatch.rest`."""
        common = self._rest()
        if common is None or self._refused_whole:
            return None
        return common, self._claimed, id(self._offered), self._subscription.state()

    def _carry(self, view: View) -> tuple[Selection, Selection]:
        """Return the resources of the next response, and those that must wait for a later one."""
        return (view.all, ()) if self._whole else self._bisection.cut(self._changes(view))

    def _see(self, wanted: ResourceSet) -> View:
        known = self._seen[0] is wanted
        view = super()._see(wanted)
        # Equal selections become one object, so that most comparisons are by identity.
        if not known and view.by_name is not self._offered and view.by_name == self._offered:
            self._offered = view.by_name
        return view

    def _up_to_date(self, wanted: ResourceSet, view: View) -> bool:
        """Return whether the client of a complete type has this version and was answered.

        The first request of a stream may stay unanswered if the client holds exactly what it would
        be sent. An equal version proves this only for clients that subscribe to everything
        ("Resource versions").
        """
        if self._claimed == wanted.version and self._subscription.wildcard:
            self._answered, self._offered = True, view.by_name
        return self._answered and view.by_name == self._offered

    def _changes(self, view: View) -> Selection:
        """Return the changes for a type whose responses may be incomplete."""
        if not self._urgent:
            return view.since(self._offered)[0]
        before, urgent = self._offered, self._urgent
        return tuple(r for r in view.all if before.get(r.name) is not r or r.name in urgent)

    def _untold(self, view: View) -> bool:
        """Return whether a nonexistent name is still to be reported to the client."""
        if (
            not self._errors
            or view.missing is self._reported_missing
            or view.missing == self._reported_missing
        ):
            return False
        return not set(view.missing) <= set(self._reported_missing)

    def refuses(self, wanted: ResourceSet) -> bool:
        """True if the client refused this set, or part of it, so that it is not sent again."""
        if self._whole:
            return self._refused_whole and self._see(wanted).by_name == self._offered
        return super().refuses(wanted)
