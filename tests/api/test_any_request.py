"""Whatever botocore's model allows is answered: in the service's shapes, and never with a fault."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Served
from tests.support.app_mesh_shapes import OPERATIONS, is_declared, misfits, requests
from tests.support.command_line import gitmesh
from tests.support.raw_answers import RawCalls

REQUESTS = st.sampled_from(OPERATIONS).flatmap(lambda o: st.tuples(st.just(o), requests(o)))


@pytest.fixture(scope="module")
def calls(served: Served) -> RawCalls:
    return RawCalls(served.client(check=False))


def make(calls: RawCalls, number: int) -> Counter[int]:
    """Make random calls; return how often each status was answered."""
    answered: Counter[int] = Counter()

    @settings(max_examples=number, deadline=None, suppress_health_check=[*HealthCheck])
    @given(REQUESTS)
    def call(request: tuple[str, dict[str, Any]]) -> None:
        operation, parameters = request
        answer = calls.call(operation, parameters)
        answered[answer.status] += 1
        assert answer.status < 500, answer
        if answer.status == 200:
            assert misfits(operation, answer.body) == []
        else:
            assert is_declared(operation, answer.error), answer
            assert answer.body.keys() == {"message"}
            assert answer.body["message"]

    call()
    return answered


def test_every_answer_has_its_shape(calls: RawCalls, served: Served) -> None:
    answered = make(calls, 300)
    assert answered[200] > 20, answered
    assert gitmesh("verify", served.bare).code == 0


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_five_thousand_answers_have_their_shapes(calls: RawCalls, served: Served) -> None:
    print(make(calls, 5000))
    assert gitmesh("verify", served.bare).code == 0
