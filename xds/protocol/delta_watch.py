"""One type on one delta stream: what is offered, in flight, accepted and refused. Pure.

The counterpart of :mod:`xds.protocol.sotw_watch`. Responses are never complete, removals are
explicit, and each request adds to and removes from the subscription.
"""

from collections.abc import Hashable
from typing import Final

from xds.protocol.response import Answer, Flight, Response
from xds.protocol.subscription import DeltaSubscription
from xds.protocol.type_watch import NOTHING, TypeWatch
from xds.snapshots.resources import Held, ResourceSet, Selection, View
from xds.type_urls import WHOLE, TypeUrl
from xds.wire.decode import DeltaDiscoveryRequest, ErrorDetail

_NO_NAMES: Final[tuple[str, ...]] = ()


class DeltaWatch(TypeWatch[DeltaSubscription]):
    """Delta state of one type: the resources that a client was sent, and those that are due."""

    __slots__ = ("_held", "_suspects")

    def __init__(self, type_url: TypeUrl, held: Held, *, errors: bool = False) -> None:
        """Start with the resources that the client claims to hold from an earlier stream.

        :param errors: report nonexistent names as errors, not as removed.
        """
        subscription = DeltaSubscription(legacy=type_url in WHOLE)
        # A client that holds resources was answered on an earlier stream.
        super().__init__(type_url, subscription, errors=errors, answered=bool(held))
        self._held = held
        """Resources of the subscription that were last sent, or held before."""
        self._suspects: Selection = ()
        """Resources that were refused together with a removal, until they are sent again without it
        and answered."""

    # ---- requests --------------------------------------------------------------------------------

    def on_request(self, request: DeltaDiscoveryRequest, *, current: bool) -> Answer | None:
        """Process a request of this type; return the answer that it contains, if any.

        Subscription changes apply even if the nonce is stale (xDS: "a stale nonce should not be
        used to reject" them).
        """
        answer = None
        if self.flight is not None and current:
            answer = self._resolve(self.flight, request.error)
        self._subscribe(request)
        return answer

    def _resolve(self, flight: Flight, error: ErrorDetail | None) -> Answer:
        self.flight = None
        if error is not None:
            self.settled_on = None
        if error is None:
            self._bisection.relax_limit()
            self._suspects = () if flight.removed else self._suspects
            taken = {*flight.removed, *(resource.name for resource in flight.carried)}
            self.refused_removals = (
                self.refused_removals - taken if self.refused_removals else NOTHING
            )
            if flight.carried:
                # A response with new resources is a new attempt for the refused removals, too.
                self._urgent |= self.refused_removals
        elif flight.carried:
            # A removal that was refused together with resources is retried alone to find the cause.
            self._suspects = flight.carried if flight.removed else ()
            self._urgent |= self._bisection.refuse(flight.carried) | set(flight.removed)
        else:
            # Repeating it at once would be refused forever.
            self.refused_removals |= set(flight.removed)
            self._urgent |= self._bisection.accept_again(self._suspects)
            self._suspects = ()
        return flight.answered(self.type_url, error, removal_only=not flight.carried)

    def _subscribe(self, request: DeltaDiscoveryRequest) -> None:
        subscription = self._subscription
        first = not subscription.known
        names, wildcard = subscription.names, subscription.wildcard
        again = subscription.update(request)
        if again:
            self.settled_on = None
            self._urgent |= (again - {"*"}) | (self._held.keys() if "*" in again else set())
        if not first and subscription.names is names and subscription.wildcard is wildcard:
            return
        covers = subscription.covers
        self._seen, self.settled_on = (None, None), None
        if request.unsubscribe or first:
            self._held = {name: r for name, r in self._held.items() if covers(name)}
            self._urgent = frozenset(name for name in self._urgent if covers(name))
            self._reported_missing = tuple(name for name in self._reported_missing if covers(name))
            self.refused_removals = frozenset(
                name for name in self.refused_removals if covers(name)
            )
        if subscription.wildcard and not wildcard and not self._held:
            self._answered = False

    # ---- responses -------------------------------------------------------------------------------

    def due(self, wanted: ResourceSet) -> bool:
        """Return whether a response must be sent if ``wanted`` is the target."""
        if self.settled_on is wanted:
            return False
        view = self._see(wanted)
        settled = view.by_name is self._held and view.missing is self._reported_missing
        if settled and self._answered and not self._urgent:
            return False
        changed, removed, missing = self._change(view)
        if changed or removed or missing:
            return True
        if self._subscription.wildcard and not self._answered:
            return True
        self._answered, self._held, self._reported_missing, self._urgent = (
            True, view.by_name, view.missing, NOTHING,
        )  # fmt: skip
        self._bisection.rest()
        return False

    def respond(self, wanted: ResourceSet, nonce: str, now: float) -> tuple[Response, Selection]:
        """Return the due response, and the resources in it that are new to the client."""
        self.settled_on = None
        view = self._see(wanted)
        held, urgent = self._held, self._urgent
        changed, removed, missing = self._change(view)
        carried, later = self._bisection.cut(changed)
        # It is unknown whether the client has resources that are unanswered, were refused together
        # with others, or are subscribed again.
        in_doubt = self.flight is not None
        fresh = tuple(
            r for r in carried if in_doubt or held.get(r.name) is not r or r.name in urgent
        )
        self._urgent = frozenset(resource.name for resource in later)
        self._bisection.forget(view.all, carried)
        self._answered, self._held, self._reported_missing = True, view.by_name, view.missing
        self.flight = Flight(wanted.version, carried, fresh, now, removed)
        body = wanted.delta_body(carried, removed, missing)
        return Response(self.type_url, wanted.version, nonce, body), fresh

    def rest(self) -> Hashable | None:
        """See :meth:`TypeWatch.rest`."""
        common = None if self._suspects else self._rest()
        return None if common is None else (common, id(self._held), self._subscription.state())

    def _change(self, view: View) -> tuple[Selection, tuple[str, ...], tuple[str, ...]]:
        """Return the resources to send, the names to remove, and the names to report as
        nonexistent."""
        changed, gone = view.since(self._held)
        removed, missing = gone, _NO_NAMES
        if view.missing is not self._reported_missing:
            untold = tuple(
                n for n in view.missing if n not in self._reported_missing and n not in gone
            )
            removed, missing = (removed, untold) if self._errors else (_joined(gone, untold), ())
        if self._bisection.any:
            changed = tuple(r for r in changed if r not in self._bisection)
        if self._urgent:
            changed, removed, missing = self._with_urgent(view, changed, removed, missing)
        return changed, removed, missing

    def _with_urgent(
        self,
        view: View,
        changed: Selection,
        removed: tuple[str, ...],
        missing: tuple[str, ...],
    ) -> tuple[Selection, tuple[str, ...], tuple[str, ...]]:
        due = {resource.name for resource in changed} | {
            name for name in self._urgent if name in view.by_name
        }
        absent = tuple(sorted(name for name in self._urgent if name not in view.by_name))
        # A resource that only the client has can only be removed.
        unknown = tuple(r.name for r in view.all if r.name in self._urgent and r.is_unknown)
        changed = tuple(r for r in view.all if r.name in due and not r.is_unknown)
        if self._errors:
            return changed, _joined(removed, unknown), _joined(missing, absent)
        return changed, _joined(removed, _joined(unknown, absent)), missing


def _joined(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sorted union of both; if one is empty, the other itself."""
    if not more:
        return some
    return tuple(sorted({*some, *more})) if some else more
