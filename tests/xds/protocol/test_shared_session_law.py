"""Clients that break the protocol: a shared state gives the same answers as a lone one.

test_shared_session.py tests proxies that follow the protocol. Here are clients that do not, and
clients that send nearly the same at the same moment.
"""

from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.alike import Alike
from tests.xds.protocol.test_session_law import POOL, SNAPSHOTS
from xds.protocol.session import Request
from xds.protocol.shared_session import SharedStates
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ORDER, ROUTE, SECRET, TypeUrl
from xds.wire.decode import DeltaDiscoveryRequest, DiscoveryRequest, ErrorDetail

NAMES = ("a", "b", "c", "routes", "egress", "x", "*")
RESOURCES = [each for snapshot in SNAPSHOTS[:5] for t in ORDER for each in snapshot[t].all]
VERSIONS = sorted({resource.version for resource in RESOURCES})


class Detail(NamedTuple):
    """What may differ in a request for the same."""

    nonce: str
    """``last``, ``old``, or as it stands."""
    error: ErrorDetail | None
    version: str
    had: dict[str, str]


class Ask(NamedTuple):
    """All ask for the same type and names at the same moment; the rest is each one's own."""

    type_url: TypeUrl
    names: tuple[str, ...]
    dropped: tuple[str, ...]
    details: tuple[Detail, ...]
    """One for each client; one alone is for one client alone."""


some_names = st.lists(st.sampled_from(NAMES), max_size=3).map(tuple)
details = st.builds(
    Detail,
    st.sampled_from(["last", "last", "last", "old", "", "junk"]),
    st.sampled_from([None, None, ErrorDetail(3, "no"), ErrorDetail(3, "other")]),
    st.sampled_from(["", "", *(snapshot[CLUSTER].version for snapshot in SNAPSHOTS[:4])]),
    st.dictionaries(st.sampled_from(NAMES[:-1]), st.sampled_from([*VERSIONS, "?"]), max_size=3),
)
types = st.sampled_from([CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, TypeUrl("strange")])
both = st.one_of(st.tuples(details, details, details), details.map(lambda one: (one, one, one)))
steps = st.one_of(
    st.builds(Ask, types, some_names, some_names, both),
    st.builds(Ask, types, some_names, some_names, details.map(lambda one: (one,))),
    st.sampled_from(SNAPSHOTS),
    st.sampled_from([0.0, 0.2, 1.0, 2.1, 5.1]),
    st.just("reconnect"),
)
flag = st.integers(0, 3)
flags = st.one_of(flag.map(lambda one: (one, one, one)), st.tuples(flag, flag, flag))


class Client:
    """One that shares what is worked out with the others, compared with one that does not."""

    def __init__(
        self, shared_states: SharedStates, *, delta: bool, errors: bool, aggregated: bool
    ) -> None:
        self.delta = delta
        self._new = partial(
            Alike, POOL, ack_wait=5, linger=2, shared_states=shared_states, aggregated=aggregated
        )
        self._errors = errors
        self.latest = SNAPSHOTS[0]
        self.connect(0.0)

    def connect(self, now: float) -> None:
        self.session = self._new()
        if self._errors:
            self.session.tell_errors()
        self._nonces: dict[str, list[str]] = {}
        self.session.on_snapshot(self.latest, now)

    def ask(self, asked: Ask, detail: Detail, now: float) -> None:
        given = self._nonces.get(asked.type_url, ["", ""])
        nonce = {"last": given[-1], "old": given[-2]}.get(detail.nonce, detail.nonce)
        request: Request = (
            DeltaDiscoveryRequest(
                asked.type_url, asked.names, asked.dropped, detail.had, nonce, detail.error
            )
            if self.delta
            else DiscoveryRequest(asked.type_url, detail.version, asked.names, nonce, detail.error)
        )
        self.session.on_request(request, now)

    def pump(self, now: float) -> None:
        """Take everything that is sent; whatever is asked of a session is compared by asking."""
        wake_at = self.session.wake_at
        if wake_at is not None and wake_at <= now:
            self.session.on_tick(now)
        for _ in range(100):
            response = self.session.next_response(now)
            if response is None:
                break
            self._nonces.setdefault(response.type_url, ["", ""]).append(response.nonce)
        else:
            raise AssertionError("it is sent more and more")
        assert isinstance(self.session.state.in_sync, bool)
        assert self.session.state.names >= 0
        assert not (self.session.state.in_sync and self.session.state.stuck_on)


@pytest.mark.parametrize("delta", [(False,) * 3, (True,) * 3, (False, True, True)])
@settings(max_examples=200, deadline=None)
@given(story=st.lists(st.tuples(st.integers(0, 2), steps), max_size=40), flags=flags)
def test_whatever_clients_say_side_by_side_each_is_told_what_it_would_be_told_alone(
    delta: tuple[bool, ...], story: list[tuple[int, object]], flags: tuple[int, ...]
) -> None:
    shared_states, now = SharedStates(), 0.0
    clients = [
        Client(shared_states, delta=each, errors=bool(flag & 1), aggregated=bool(flag & 2))
        for each, flag in zip(delta, flags, strict=True)
    ]
    for who, step in story:
        now += step if isinstance(step, float) else 0.0
        happen(clients, who, step, now)
        for client in clients:
            client.pump(now)


def happen(clients: list[Client], who: int, step: object, now: float) -> None:
    """Let this happen to one client, or to some at the same moment."""
    if isinstance(step, Ask):
        asking = clients if len(step.details) > 1 else clients[who : who + 1]
        for client, detail in zip(asking, step.details, strict=True):
            client.ask(step, detail, now)
            client.pump(now)
    elif isinstance(step, Snapshot):
        for client in clients[: who + 1]:
            client.latest = step
            client.session.on_snapshot(step, now)
    elif step == "reconnect":
        clients[who].session.close(now)
        clients[who].connect(now)
