"""Bisection of refused responses: sizes of the next responses, and what stays refused."""

import pytest

from xds.protocol.bisect_refused import RefusedBisection
from xds.protocol.response import MAX_RESPONSE_BYTES
from xds.snapshots.resources import Encoded, Selection
from xds.type_urls import CLUSTER


def resources(count: int, size: int = 1) -> Selection:
    return tuple(Encoded(CLUSTER, f"c{n}", "", b"x" * size, frozenset()) for n in range(count))


def refused(*alone: Encoded) -> RefusedBisection:
    found = RefusedBisection()
    for each in alone:
        assert found.refuse((each,)) == frozenset()
    return found


@pytest.mark.parametrize(("carried", "next_size"), [(2, 1), (3, 1), (4, 2), (7, 3), (9, 4)])
def test_after_a_refusal_a_response_has_half_the_resources(carried: int, next_size: int) -> None:
    found, due = RefusedBisection(), resources(10)
    assert found.refuse(due[:carried]) == {each.name for each in due[:carried]}
    assert found.cut(due) == (due[:next_size], due[next_size:])
    assert not any(each in found for each in due), "no resource was refused alone"


def test_after_an_acceptance_a_response_may_have_twice_the_resources() -> None:
    found, due = RefusedBisection(), resources(20)
    found.refuse(due[:4])
    found.relax_limit()
    assert found.cut(due) == (due[:4], due[4:])
    found.relax_limit()
    assert found.cut(due) == (due[:8], due[8:])


def test_an_acceptance_without_a_search_sets_no_limit() -> None:
    found, due = RefusedBisection(), resources(20)
    found.relax_limit()
    assert found.cut(due) == (due, ())


def test_when_nothing_is_left_to_send_the_search_ends() -> None:
    found, due = RefusedBisection(), resources(20)
    assert found.none
    found.refuse(due)
    assert not found.none, "a search is running"
    found.rest()
    assert found.none
    assert found.cut(due) == (due, ())


def test_a_refused_resource_is_known_until_it_is_accepted_or_replaced() -> None:
    one, two, three = due = resources(3)
    found = refused(one, two)
    assert (one in found, two in found, three in found) == (True, True, False)
    assert found.any
    assert not found.none
    assert found.among(due)
    assert not found.among((three,))
    assert found.accept_again((one, three)) == {"c0"}
    assert (one in found, two in found) == (False, True)
    assert found.accept_again((one, three)) == frozenset()


def test_a_refused_resource_is_forgotten_when_unsubscribed_or_sent_again() -> None:
    one, two, three = due = resources(3)
    found = refused(one, two, three)
    found.forget(selection=due[:2], sent=(one,))
    assert [each in found for each in due] == [False, True, False]
    found.forget(selection=(), sent=())
    assert found.none


def test_a_response_may_be_exactly_as_large_as_clients_take() -> None:
    found, due = RefusedBisection(), resources(2, MAX_RESPONSE_BYTES // 2)
    assert found.cut(due) == (due, ())
    assert sum(len(each.entry) for each in due) < 4 << 20, "gRPC clients refuse larger messages"
    more = (*due, *resources(1))
    assert found.cut(more) == (due, more[2:])


def test_one_resource_is_sent_however_large_it_is() -> None:
    due = resources(2, MAX_RESPONSE_BYTES + 1)
    assert RefusedBisection().cut(due) == (due[:1], due[1:])
