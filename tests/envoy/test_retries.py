"""Retries: conditions, number and targets, with real Envoys and failing applications."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.crossroads.calls import Answer
from tests.support.crossroads.cases import PROTOCOLS, a_request
from tests.support.crossroads.place import Crossroads
from tests.support.crossroads.specs import GRPC_EVENTS

pytestmark = pytest.mark.envoy

each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
INTERNAL_ERROR, REFUSED_STREAM = "2", "7"


def attempts(
    crossroads: Crossroads, protocol: str, name: str, *, service: str = "retries", **conduct: str
) -> tuple[bool, int]:
    """Make a request of which an attempt or more fail; return whether the answer was a good one,
    and how many attempts reached an application."""
    key = uuid.uuid4().hex
    request = a_request(protocol, name).having(x_key=key, **conduct)
    answer = crossroads.call(protocol, service, request)
    return answer.app is not None and answer.status == 200, len(crossroads.ledger.takers(key))


HTTP_EVENTS = {
    "server-error": ({"500", "501", "503", "508", "511"}, {"409", "429"}),
    "gateway-error": ({"502", "503", "504"}, {"500", "501", "409"}),
    "client-error": ({"409"}, {"408", "429", "404", "503"}),
    "stream-error": (set[str](), {"503", "409"}),
    "connection-error": (set[str](), {"503", "409"}),
}
"""Events, each with statuses that are one, and statuses that are not."""


@each_protocol
@pytest.mark.parametrize("event", HTTP_EVENTS)
def test_an_event_of_http_is_these_statuses(
    crossroads: Crossroads, protocol: str, event: str
) -> None:
    again, not_again = HTTP_EVENTS[event]
    for status in again:
        assert attempts(crossroads, protocol, event, x_fail=status, x_first="1") == (True, 2)
    for status in not_again:
        assert attempts(crossroads, protocol, event, x_fail=status, x_first="1") == (False, 1)


@each_protocol
@pytest.mark.parametrize(
    ("event", "times"),
    [("server-error", 2), ("gateway-error", 2), ("client-error", 1), ("connection-error", 1)],
)
def test_a_connection_that_ends_without_an_answer_is_an_error_of_the_server_or_the_gateway(
    crossroads: Crossroads, protocol: str, event: str, times: int
) -> None:
    found = attempts(crossroads, protocol, event, x_reset=INTERNAL_ERROR, x_first="1")
    assert found == (times == 2, times)


@pytest.mark.parametrize("protocol", ["http2", "grpc"])
def test_a_stream_that_is_refused_is_a_stream_error(crossroads: Crossroads, protocol: str) -> None:
    for reset, found in ((REFUSED_STREAM, (True, 2)), (INTERNAL_ERROR, (False, 1))):
        assert attempts(crossroads, protocol, "stream-error", x_reset=reset, x_first="1") == found


@pytest.mark.parametrize("event", GRPC_EVENTS)
def test_an_event_of_grpc_is_the_status_of_that_name(crossroads: Crossroads, event: str) -> None:
    for name, status in {**GRPC_EVENTS, "not-found": 5}.items():
        found = attempts(crossroads, "grpc", event, x_grpc_fail=str(status), x_first="1")
        assert found == ((True, 2) if name == event else (False, 1))


def test_a_status_after_an_answer_comes_too_late_to_try_again(crossroads: Crossroads) -> None:
    found = attempts(crossroads, "grpc", "unavailable", x_grpc_late="14", x_first="1")
    assert found == (True, 1)


@each_protocol
def test_a_request_is_tried_again_as_often_as_is_written(
    crossroads: Crossroads, protocol: str
) -> None:
    def after(failures: int, policy: str) -> tuple[bool, int]:
        return attempts(crossroads, protocol, policy, x_fail="503", x_first=str(failures))

    assert [after(3, "three"), after(4, "three")] == [(True, 4), (False, 4)]
    assert [after(0, "never"), after(1, "never")] == [(True, 1), (False, 1)]


@each_protocol
def test_where_no_policy_is_written_a_request_is_tried_twice_more(
    crossroads: Crossroads, protocol: str
) -> None:
    def default(failures: int, **conduct: str) -> tuple[bool, int]:
        return attempts(crossroads, protocol, "default", x_first=str(failures), **conduct)

    kinds: list[dict[str, str]] = [{"x_fail": "503"}, {"x_reset": INTERNAL_ERROR}]
    kinds += [{"x_reset": REFUSED_STREAM}] if protocol != "http" else []
    kinds += [{"x_grpc_fail": "14"}] if protocol == "grpc" else []
    for kind in kinds:
        assert [default(2, **kind), default(3, **kind)] == [(True, 3), (False, 3)]
    assert default(1, x_fail="500") == (False, 1)


@each_protocol
def test_each_attempt_has_its_own_time(crossroads: Crossroads, protocol: str) -> None:
    def slow(policy: str, delay: str) -> tuple[bool, int]:
        return attempts(crossroads, protocol, policy, x_delay=delay, x_first="1")

    assert slow("hasty", "9") == (True, 2)
    assert slow("server-error", "0.8") == (True, 1)
    # It is the events of broken connections that cover time that ran out.
    assert slow("hasty-once", "9") == (False, 1)


@each_protocol
def test_a_listener_that_waits_no_longer_is_unavailable_to_grpc_alone(
    crossroads: Crossroads, protocol: str
) -> None:
    # What the listener's timeout answers is 504, which no default policy is for, or UNAVAILABLE.
    found = attempts(crossroads, protocol, "hurried", x_delay="9", x_first="1")
    assert found == ((True, 2) if protocol == "grpc" else (False, 1))


@each_protocol
def test_all_attempts_share_the_time_of_the_request(crossroads: Crossroads, protocol: str) -> None:
    good, times = attempts(crossroads, protocol, "shared", x_delay="9")
    assert not good
    assert times in (1, 2)  # of four, each with 400 of the 700 milliseconds


@each_protocol
def test_nobody_who_refuses_connections_is_asked_twice(
    crossroads: Crossroads, protocol: str
) -> None:
    def answers(event: str) -> list[bool]:
        found = (attempts(crossroads, protocol, event, service="instances") for _ in range(6))
        return [good for good, _ in found]

    assert answers("connection-error") == [True] * 6
    assert True in answers("client-error")
    assert False in answers("client-error")


@each_protocol
@pytest.mark.parametrize("times", range(2))
def test_the_next_attempt_goes_to_another_instance(
    crossroads: Crossroads, protocol: str, times: int
) -> None:
    # By turns the second attempt would be for the first instance again: between the two, another
    # request takes the other's turn.
    key = uuid.uuid4().hex
    pair = a_request(protocol, "pair")
    first = pair.having(x_key=key, x_hold="1", x_first="1", x_fail="503")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(crossroads.call, protocol, "instances", first)
        failed = crossroads.ledger.wait_for(key)
        between = crossroads.call(protocol, "instances", pair)
        crossroads.ledger.release(key)
        answer = waiting.result()
    assert {failed, between.app} == {"one", "two"}
    assert answer == Answer(200, answer.said, answer.grpc_status)
    assert answer.app == between.app
