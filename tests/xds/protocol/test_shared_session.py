"""Sessions with equal history share one state without visible difference."""

import gc
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.alike import Alike
from tests.support.proxy_model import ProxyModel
from tests.xds.protocol import test_delta_session, test_session
from tests.xds.protocol.test_session import ONE, TWO, WEIGHTS, Client
from tests.xds.protocol.test_session_law import MODELS, POOL, STEPS, World
from xds.protocol.session import Session
from xds.protocol.session_state import SessionState
from xds.protocol.shared_session import GRAIN, SharedState, SharedStates
from xds.type_urls import CLUSTER, ENDPOINT, ROUTE
from xds.wire.decode import DiscoveryRequest

RULES = [
    pytest.param(rule, id=f"{module.__name__.rpartition('.')[2]}-{name}")
    for module in (test_session, test_delta_session)
    for name, rule in vars(module).items()
    if name.startswith("test_") and not rule.__code__.co_argcount
]


@pytest.fixture
def alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all sessions of these tests go beside others that do the same."""
    for module in (test_session, test_delta_session):
        monkeypatch.setattr(module, "Session", Alike)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.usefixtures("alike")
def test_every_rule_of_both_protocols_holds_for_sessions_that_share_a_state(rule: Any) -> None:
    rule()


class Crowd:
    """Worlds with one clock, whose sessions share what is worked out."""

    def __init__(self, model: type[ProxyModel], size: int) -> None:
        shared_states = SharedStates()

        class Shared(World):
            def begin(self) -> Session:
                return cast(
                    "Session", Alike(POOL, ack_wait=7, linger=2, shared_states=shared_states)
                )

            def check(self) -> None:
                """Return whether a proxy that is given up on can serve is not asked here."""

        self.worlds = [Shared(model) for _ in range(size)]

    def do(self, who: int, step: int | str) -> None:
        for world in self.worlds if who < 0 or step == "tick" else self.worlds[who : who + 1]:
            world.do(step)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(-3, 2), STEPS), max_size=50))
def test_whatever_happens_to_whom_sharing_changes_nothing_of_what_is_said(
    model: type[ProxyModel], steps: list[tuple[int, int | str]]
) -> None:
    crowd = Crowd(model, 3)
    crowd.do(-1, 0)
    crowd.do(-1, "talk")
    for who, step in steps:
        crowd.do(who, step)
    crowd.do(-1, 1)
    crowd.do(-1, "talk")


@pytest.fixture
def worked() -> Iterator[Counter[str]]:
    """Count what is worked out, rather than taken from others."""
    counts: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("on_request", "on_snapshot", "next_response"):
            patch.setattr(SessionState, name, _counted(getattr(SessionState, name), counts))
        yield counts


def _counted(work: Any, counts: Counter[str]) -> Any:
    def counted(*args: Any, **kwargs: Any) -> Any:
        counts[work.__name__] += 1
        return work(*args, **kwargs)

    return counted


def client(shared_states: SharedStates, at: float, *, alike: bool = True) -> Client:
    found = Client(None)
    found.now = at
    found.session = Session(test_session.POOL, ack_wait=5, linger=2, shared_states=shared_states)
    found.session.alike = alike
    found.publish(ONE)
    return found


def test_a_storm_and_a_push_are_worked_out_once_for_all_who_are_alike(
    worked: Counter[str],
) -> None:
    shared_states = SharedStates()
    client(shared_states, 100.0).subscribe_to_all()
    after_one = Counter(worked)
    clients = [client(shared_states, 100.0).subscribe_to_all() for _ in range(50)]
    assert worked == after_one
    for each in clients:
        each.now = 200.0
        (routes,) = each.publish(WEIGHTS)
        assert each.ask(ROUTE, "routes", to=routes) == []
        assert each.session.state.in_sync
    assert worked["on_snapshot"] == after_one["on_snapshot"] + 1
    assert worked["on_request"] == after_one["on_request"] + 1


def test_who_came_at_different_times_and_was_sent_different_things_is_alike_at_rest(
    worked: Counter[str],
) -> None:
    shared_states = SharedStates()
    early = client(shared_states, 100.0).subscribe_to_all()
    for number in range(5):
        early.now += 50
        (routes,) = early.publish(WEIGHTS if number % 2 == 0 else ONE)
        early.ask(ROUTE, "routes", to=routes)
    late = client(shared_states, 500.0)
    late.publish(ONE)
    late.subscribe_to_all()
    for each in (early, late):
        each.now = 600.0
        (clusters, *_) = each.publish(TWO)
        each.ask(CLUSTER, to=clusters)
        assert not each.session.state.in_sync
    worked.clear()
    for each in (early, late):
        each.now = 700.0
        each.session.on_snapshot(WEIGHTS, 700.0)
        assert each.session.next_response(700.0) is not None


def test_a_deadline_that_passes_within_the_grain_is_nobodys_old_step() -> None:
    shared_states = SharedStates()
    clients = [client(shared_states, 100.0).subscribe_to_all() for _ in range(2)]
    for each in clients:
        each.now = 200.0
        each.publish(TWO)
    # Nobody answers for clusters and endpoints; after 5 s listeners and routes go on without.
    just_before, just_after = 205.0 - GRAIN / 4, 205.0 + GRAIN / 4
    first, second = clients
    first.now = just_before
    first.session.on_tick(first.now)
    assert first.sent() == []
    second.now = just_after
    second.session.on_tick(second.now)
    assert [r.type_url for r in second.sent()] == [ROUTE]


def test_a_stream_is_given_each_nonce_once_though_it_takes_the_same_step_again() -> None:
    shared_states = SharedStates()
    clients = [client(shared_states, 100.0).subscribe_to_all() for _ in range(2)]
    given: list[list[str]] = [[], []]
    for each in clients:
        (routes,) = each.ask(CLUSTER, to=each.publish(TWO)[0])
        each.ask(ROUTE, "routes", to=routes)
        assert each.session.state.in_sync
    for _ in range(5):
        for each, nonces in zip(clients, given, strict=True):
            (both,) = each.ask(ENDPOINT, "a", "b", nonce=each.session._nonces[ENDPOINT])
            assert each.ask(ENDPOINT, "a", "b", to=both) == []
            assert each.ask(ENDPOINT, "a", nonce=both.nonce) == []
            nonces.append(both.nonce)
    assert [len(set(nonces)) for nonces in given] == [5, 5]


def test_an_answer_to_an_older_response_is_told_from_one_to_the_last() -> None:
    shared_states = SharedStates()
    clients = [client(shared_states, 100.0).subscribe_to_all() for _ in range(2)]
    for each in clients:
        each.now = 200.0
        (routes,) = each.publish(WEIGHTS)
    first, second = clients
    first.ask(ROUTE, "routes", to=routes)
    assert first.session.state.in_sync
    second.ask(ROUTE, "routes", nonce="0")
    assert not second.session.state.in_sync


def test_a_client_may_ask_for_a_thousand_different_things_without_filling_the_memory() -> None:
    shared_states, at_first = SharedStates(), _alive()
    busy, *others = [client(shared_states, 100.0).subscribe_to_all() for _ in range(3)]
    before = _alive()
    for number in range(1_000):
        busy.now = 100.0 + number / 1_000
        busy.ask(ENDPOINT, f"name{number}", nonce=busy.session._nonces[ENDPOINT])
    assert _alive() - before < 200
    for each in (busy, *others):
        each.session.close(200.0)
    del busy, others, each
    assert _alive() - at_first <= 1


def _alive() -> int:
    gc.collect()
    return sum(isinstance(each, SharedState) for each in gc.get_objects())


def test_what_one_asked_for_before_there_was_a_snapshot_nobody_else_is_answered() -> None:
    shared_states = SharedStates()
    early, late = (Session(POOL, shared_states=shared_states) for _ in range(2))
    early.on_request(DiscoveryRequest(CLUSTER, "", (), "", None), 1.0)
    for session in (early, late):
        session.alike = True
        session.on_snapshot(ONE, 1.0)
    assert early.next_response(1.0) is not None
    assert late.next_response(1.0) is None
    assert not late.state.watches(CLUSTER)
