"""Sessions with a shared state beside one without: all must give the same answers."""

from typing import Any, TypeVar
from unittest import mock

from xds.protocol.response import Answer, Response
from xds.protocol.rollout import Rollout
from xds.protocol.session import Request, Session
from xds.protocol.shared_session import SharedStates
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import TypeUrl

T = TypeVar("T")


class Alike:
    """Stand-in for a session: two sessions that share a state, and one that does not.

    The first of the two takes each step before the second, which then reuses it. Their answers are
    compared with those of the third session, which uses no shortcuts; only nonces may differ.
    """

    def __init__(
        self, *args: Any, shared_states: SharedStates | None = None, **kwargs: Any
    ) -> None:
        shared = shared_states or SharedStates()
        self._all = [Session(*args, shared_states=shared, **kwargs) for _ in range(2)]
        for session in self._all:
            session.alike = True
        self._all.append(LongWay(*args, **kwargs))
        self._nonces: dict[str, list[str]] = {}

    def tell_errors(self) -> None:
        for session in self._all:
            session.tell_errors()

    def on_request(self, request: Request, now: float) -> Answer | None:
        nonces = self._nonces.get(request.nonce, [request.nonce] * 3)
        answers = [
            session.on_request(request._replace(nonce=nonce), now)
            for session, nonce in zip(self._all, nonces, strict=True)
        ]
        return _same(answers)

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        return _same([session.on_snapshot(snapshot, now) for session in self._all])

    def on_tick(self, now: float) -> None:
        for session in self._all:
            session.on_tick(now)

    def next_response(self, now: float) -> Response | None:
        responses = [session.next_response(now) for session in self._all]
        nonces = [response.nonce for response in responses if response]
        told = _same([response and response._replace(nonce="") for response in responses])
        if told is None:
            return None
        assert nonces[1] not in self._nonces, "a stream gets each nonce once"
        self._nonces[nonces[1]] = nonces
        return told._replace(nonce=nonces[1])

    def close(self, now: float) -> None:
        for session in self._all:
            session.close(now)

    @property
    def state(self) -> "Alike":
        return self

    @property
    def names(self) -> int:
        return _same([session.state.names for session in self._all])

    @property
    def in_sync(self) -> bool:
        return _same([session.state.in_sync for session in self._all])

    @property
    def stuck_on(self) -> tuple[TypeUrl, ...]:
        return _same([session.state.stuck_on for session in self._all])

    def watches(self, type_url: TypeUrl) -> bool:
        return _same([session.state.watches(type_url) for session in self._all])

    @property
    def wake_at(self) -> float | None:
        return _same([session.wake_at for session in self._all])


class LongWay(Session):
    """A session that never uses the fast path for small changes of a snapshot."""

    __slots__ = ()

    def on_snapshot(self, snapshot: Snapshot, now: float) -> bool:
        with mock.patch.object(Rollout, "step", return_value=False):
            return super().on_snapshot(snapshot, now)


def _same(said: list[T]) -> T:
    assert said[0] == said[1] == said[2], said
    return said[2]
