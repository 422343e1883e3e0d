"""One client's stream as a state machine: requests and snapshots in, responses out. Pure.

The shell that owns the stream calls :meth:`Session.on_request`, :meth:`Session.on_snapshot` and
:meth:`Session.on_tick`, and after each of them writes what :meth:`Session.next_response` returns
until it returns nothing. Responses are made at the moment they can be written: nothing is queued,
so a client that reads slowly is sent the latest when it reads again, never what was in between.

What follows is decided by a :class:`~xds.session_state.SessionState`, which sessions share for as
long as they go through the same (:mod:`xds.cohort`); nonces are the stream's own.
"""

from collections.abc import Callable, Hashable
from typing import Final, TypeVar, cast

from xds.answers import Answer, Response
from xds.cohort import Cohort, Cohorts, Step
from xds.session_state import ACK_WAIT as ACK_WAIT
from xds.session_state import LINGER as LINGER
from xds.session_state import Memory, SessionState
from xds.session_state import Request as Request
from xds.snapshot import Snapshot
from xds.type_urls import TypeUrl
from xds.wire.decode import DiscoveryRequest

T = TypeVar("T")

_NEXT: Final = "next"
_TICK: Final = "tick"


class Session:
    """What one client asked for, has, and is to be sent next.

    A stream speaks one variant of the protocol, and all requests of a session are of one kind.
    """

    __slots__ = ("_cohort", "_cohorts", "_kind", "_last", "_nonces", "_state", "_virgin", "alike")

    def __init__(
        self,
        memory: Memory | None = None,
        *,
        ack_wait: float = ACK_WAIT,
        linger: float = LINGER,
        aggregated: bool = True,
        cohorts: Cohorts | None = None,
    ) -> None:
        """Begin with nothing.

        :param aggregated: whether the stream carries all types. One that carries a single type
            knows nothing of the others, and waits for none of them.
        :param cohorts: those of all sessions that may share what is worked out; of one memory.
        """
        self.alike = False
        """Whether others are given the same snapshots, so that it is worth sharing with them."""
        self._cohorts = Cohorts() if cohorts is None else cohorts
        self._cohort: Cohort | None = None
        """Whose state it is, if it is not this session's own."""
        self._kind: tuple[Hashable, ...] = (ack_wait, linger, aggregated)
        self._state = SessionState(memory, ack_wait=ack_wait, linger=linger, aggregated=aggregated)
        self._virgin = True
        self._nonces: dict[TypeUrl, str] = {}
        """The nonce of the last response of each type."""
        self._last = 0

    def tell_errors(self) -> None:
        """From now on tell of names that are no resources as ``resource_errors`` (xRFC TP3).

        For clients that know what to do with that; call it before the first request.
        """
        self._own().tell_errors()
        self._kind = (*self._kind, "errors")

    def on_request(self, request: Request, now: float) -> Answer | None:
        """Take a request; return what it says of an earlier response, if anything.

        A request for a type that we do not serve is not answered, and the stream goes on; but a
        delta client is told that what it names does not exist (:meth:`next_response`).
        """
        type_url = cast("TypeUrl", request.type_url)
        nonce = self._nonces.get(type_url)
        current = nonce is None or request.nonce == nonce
        cohort = self._cohort
        if cohort is None:
            self._virgin = False
            answer = self._state.on_request(request, now, current=current)
            self._settle(now)
            return answer
        key = _key(request, current=current, first=not self._state.opened(type_url))
        step = cohort.step(key, now)
        if step is not None:
            self._move(step.to)
            return cast("Answer | None", step.result)
        return self._take(
            cohort, key, lambda state: state.on_request(request, now, current=current), now
        )

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        """Make this what the client is to have; return whether that is news for it.

        A snapshot that comes while an older one is on its way overtakes it.
        """
        if self._virgin and self.alike:
            self._join(self._cohorts.start(self._kind, self._state.copy, now))
        self._virgin = False
        cohort = self._cohort
        if cohort is None:
            return self._state.on_snapshot(snapshot, now)
        key = id(snapshot)
        step = cohort.step(key, now)
        if step is not None:
            self._move(step.to)
            return cast("bool", step.result)
        return self._take(cohort, key, lambda s: s.on_snapshot(snapshot, now), now, snapshot)

    def on_tick(self, now: float) -> None:
        """Let time pass, which ends waiting for an acknowledgement and keeping what is unused."""
        cohort = self._cohort
        if cohort is None:
            self._state.on_tick(now)
            self._settle(now)
        elif (step := cohort.step(_TICK, now)) is not None:
            self._move(step.to)
        else:
            self._take(cohort, _TICK, lambda state: state.on_tick(now), now)

    def next_response(self, now: float) -> Response | None:
        """Return the response to write now, as sent; ``None`` when there is nothing to write."""
        cohort = self._cohort
        if cohort is None:
            response = self._respond(self._state, now)
        elif cohort.quiet:
            return None
        else:
            step = cohort.step(_NEXT, now)
            response = None if step is None else cast("Response | None", step.result)
            # A nonce is given once on a stream.
            if step is not None and (response is None or int(response.nonce) > self._last):
                self._move(step.to)
            else:
                response = self._take(cohort, _NEXT, lambda state: self._respond(state, now), now)
        if response is not None:
            self._nonces[response.type_url] = response.nonce
            self._last = int(response.nonce)
        return response

    def _respond(self, state: SessionState, now: float) -> Response | None:
        cohorts = self._cohorts
        response = state.next_response(str(cohorts.nonces + 1), now)
        if response is not None:
            cohorts.nonces += 1
        return response

    def close(self, now: float) -> None:
        """Leave the others; the stream has ended."""
        if self._cohort is not None:
            self._cohort.members -= 1
            self._cohort = None
        self._cohorts.forget(now)

    # ---- how it stands ---------------------------------------------------------------------------

    @property
    def names(self) -> int:
        """How many resources the client asks for by name, those that do not exist included."""
        return self._state.names

    @property
    def claims(self) -> int:
        """How many resources the client claims to have that nobody here knows."""
        return self._state.claims

    @property
    def arrived(self) -> bool:
        """Whether the client has acknowledged all of the newest snapshot that it asks for."""
        return self._state.arrived

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        """The types of which the client refuses some of what it is to have, and has all else."""
        return self._state.stuck_on

    def watches(self, type_url: TypeUrl) -> bool:
        """Whether the client has asked for anything of this type."""
        return self._state.watches(type_url)

    @property
    def wake_at(self) -> float | None:
        """When to call :meth:`on_tick` even if nothing happens before."""
        cohort = self._cohort
        return self._state.wake_at if cohort is None else cohort.wake_at

    # ---- with others and alone -------------------------------------------------------------------

    def _own(self) -> SessionState:
        """Return a state that is this session's own."""
        if self._cohort is not None:
            self._state = self._state.copy()
            self._cohort.members -= 1
            self._cohort = None
        return self._state

    def _take(
        self,
        cohort: Cohort,
        key: Hashable,
        work: Callable[[SessionState], T],
        now: float,
        cause: object = None,
    ) -> T:
        """Take a step that nobody has taken before, and remember it for others."""
        if cohort.lone(now):
            self._state, self._cohort = cohort.take(), None
            result = work(self._state)
            self._settle(now)
            return result
        state = self._state.copy()
        result = work(state)
        to = self._cohorts.of(state, now)
        self._cohorts.remember(cohort, key, Step(now, to, result, cause))
        self._move(to)
        return result

    def _settle(self, now: float) -> None:
        """Join those who stand here, if this is a place to rest and it is worth it."""
        if self.alike and self._state.arrived:
            cohort = self._cohorts.at_rest(self._state, now)
            if cohort is not None:
                self._join(cohort)

    def _join(self, cohort: Cohort) -> None:
        self._cohort = cohort
        cohort.members += 1
        self._state = cohort.state

    def _move(self, to: Cohort) -> None:
        if to is not self._cohort:
            if self._cohort is not None:
                self._cohort.members -= 1
            self._join(to)


def _key(request: Request, *, current: bool, first: bool) -> Hashable:
    """Return all of a request that decides what follows from it."""
    if isinstance(request, DiscoveryRequest):
        version = request.version if first else None
        return request.type_url, request.names, request.error, current, version
    held = frozenset(request.initial_versions.items()) if first else None
    said = (request.type_url, request.subscribe, request.unsubscribe, request.error, current)
    return (*said, held)
