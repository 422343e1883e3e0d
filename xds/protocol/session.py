"""One xDS stream as a state machine: requests and snapshots in, responses out. Pure.

The owner of the stream calls :meth:`Session.on_request`, :meth:`Session.on_snapshot` and
:meth:`Session.on_tick`, and after each call writes what :meth:`Session.next_response` returns until
it returns nothing. Responses are built when they can be written. Nothing is queued, so a slow
reader gets the latest configuration and never an intermediate one.

A :class:`~xds.protocol.session_state.SessionState` makes the decisions; sessions with equal history
share it (:mod:`xds.protocol.shared_session`). Nonces belong to the stream.
"""

from collections.abc import Callable, Hashable
from typing import Final, TypeVar, cast

from xds.protocol.response import Answer, Response
from xds.protocol.session_state import ACK_WAIT as ACK_WAIT
from xds.protocol.session_state import LINGER as LINGER
from xds.protocol.session_state import Memory, SessionState
from xds.protocol.session_state import Request as Request
from xds.protocol.shared_session import SharedState, SharedStates, Step
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import TypeUrl
from xds.wire.decode import DiscoveryRequest

T = TypeVar("T")

_NEXT: Final = "next"
_TICK: Final = "tick"


class Session:
    """Protocol state of one stream.

    All requests of a session must belong to one protocol variant, SotW or delta.
    """

    __slots__ = (
        "_kind",
        "_last",
        "_nonces",
        "_shared",
        "_shared_states",
        "_untouched",
        "alike",
        "state",
    )

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        ack_wait: float = ACK_WAIT,
        linger: float = LINGER,
        aggregated: bool = True,
        shared_states: SharedStates | None = None,
    ) -> None:
        """Start without subscriptions.

        :param aggregated: whether the stream carries all types. A stream with a single type does
            not wait for other types.
        :param shared_states: shared states of all sessions with the same memory.
        """
        self.alike = False
        """True if other sessions have the same snapshots, so that shared state saves work."""
        self._shared_states = SharedStates() if shared_states is None else shared_states
        self._shared: SharedState | None = None
        """The shared state; ``None`` if the state belongs to this session alone."""
        self._kind: tuple[Hashable, ...] = (ack_wait, linger, aggregated)
        self.state = SessionState(memory, ack_wait=ack_wait, linger=linger, aggregated=aggregated)
        """State of the client. Other sessions may share it: read it, but do not change it."""
        self._untouched = True
        self._nonces: dict[TypeUrl, str] = {}
        """The nonce of the last response of each type."""
        self._last = 0

    def tell_errors(self) -> None:
        """Report nonexistent names as ``resource_errors`` from now on (xRFC TP3).

        Call this before the first request, and only for clients that support it.
        """
        self._own().tell_errors()
        self._kind = (*self._kind, "errors")

    def on_request(self, request: Request, now: float) -> Answer | None:
        """Process a request; return its answer to an earlier response, if it contains one.

        A request for an unknown type does not end the stream. A SotW client gets no response to it;
        a delta client gets a response that the names do not exist (:meth:`next_response`).
        """
        type_url = cast("TypeUrl", request.type_url)
        nonce = self._nonces.get(type_url)
        current = nonce is None or request.nonce == nonce
        shared = self._shared
        if shared is None:
            self._untouched = False
            answer = self.state.on_request(request, now, current=current)
            self._settle(now)
            return answer
        key = _key(request, current=current, first=not self.state.opened(type_url))
        step = shared.step(key, now)
        if step is not None:
            self._move(step.to)
            return cast("Answer | None", step.result)
        return self._take(
            shared, key, lambda state: state.on_request(request, now, current=current), now
        )

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        """Set the target snapshot; return whether the client needs an update.

        The new target replaces a snapshot that is still being rolled out.
        """
        if self._untouched and self.alike:
            self._join(self._shared_states.start(self._kind, self.state.copy, now))
        self._untouched = False
        shared = self._shared
        if shared is None:
            return self.state.on_snapshot(snapshot, now)
        step = shared.step(snapshot, now)
        if step is not None:
            self._move(step.to)
            return cast("bool", step.result)
        return self._take(shared, snapshot, lambda state: state.on_snapshot(snapshot, now), now)

    def on_tick(self, now: float) -> None:
        """Process the passing of time: end waits for acknowledgements, and remove unused clusters
        when due."""
        shared = self._shared
        if shared is None:
            self.state.on_tick(now)
            self._settle(now)
        elif (step := shared.step(_TICK, now)) is not None:
            self._move(step.to)
        else:
            self._take(shared, _TICK, lambda state: state.on_tick(now), now)

    def next_response(self, now: float) -> Response | None:
        """Return the response to write now, marked as sent; ``None`` if there is none."""
        shared = self._shared
        if shared is None:
            response = self._respond(self.state, now)
        elif shared.quiet:
            return None
        else:
            step = shared.step(_NEXT, now)
            response = None if step is None else cast("Response | None", step.result)
            # A nonce must be unique on a stream.
            if step is not None and (response is None or int(response.nonce) > self._last):
                self._move(step.to)
            else:
                response = self._take(shared, _NEXT, lambda state: self._respond(state, now), now)
        if response is not None:
            self._nonces[response.type_url] = response.nonce
            self._last = int(response.nonce)
        return response

    def _respond(self, state: SessionState, now: float) -> Response | None:
        shared_states = self._shared_states
        response = state.next_response(str(shared_states.nonces + 1), now)
        if response is not None:
            shared_states.nonces += 1
        return response

    def close(self, now: float) -> None:
        """Release the shared state; the stream has ended."""
        if self._shared is not None:
            self._shared.members -= 1
            self._shared = None
        self._shared_states.forget(now)

    @property
    def wake_at(self) -> float | None:
        """Time to call :meth:`on_tick` if no request or snapshot comes before."""
        shared = self._shared
        return self.state.wake_at if shared is None else shared.wake_at

    # ---- sharing ---------------------------------------------------------------------------------

    def _own(self) -> SessionState:
        """Return a state that belongs to this session alone."""
        if self._shared is not None:
            self.state = self.state.copy()
            self._shared.members -= 1
            self._shared = None
        return self.state

    def _take(
        self,
        shared: SharedState,
        key: Hashable,
        work: Callable[[SessionState], T],
        now: float,
    ) -> T:
        """Make a transition that is not cached yet, and cache it."""
        if shared.lone(now):
            self.state, self._shared = shared.take(), None
            result = work(self.state)
            self._settle(now)
            return result
        state = self.state.copy()
        result = work(state)
        to = self._shared_states.of(state, now)
        self._shared_states.remember(shared, key, Step(now, to, result))
        self._move(to)
        return result

    def _settle(self, now: float) -> None:
        """Share the state of sessions with an equal state, if this session is at rest and sharing
        saves work."""
        if self.alike and self.state.in_sync:
            shared = self._shared_states.at_rest(self.state, now)
            if shared is not None:
                self._join(shared)

    def _join(self, shared: SharedState) -> None:
        self._shared = shared
        shared.members += 1
        self.state = shared.state

    def _move(self, to: SharedState) -> None:
        if to is not self._shared:
            if self._shared is not None:
                self._shared.members -= 1
            self._join(to)


def _key(request: Request, *, current: bool, first: bool) -> Hashable:
    """Return the parts of a request that decide its effect."""
    if isinstance(request, DiscoveryRequest):
        version = request.version if first else None
        return request.type_url, request.names, request.error, current, version
    held = frozenset(request.initial_versions.items()) if first else None
    said = (request.type_url, request.subscribe, request.unsubscribe, request.error, current)
    return (*said, held)
