"""Targets of requests and connections: weights, ports of targets and routers, TCP routes."""

from collections import Counter

import pytest

from tests.support.apps import say
from tests.support.crossroads.calls import Request
from tests.support.crossroads.cases import PROTOCOLS
from tests.support.crossroads.place import Crossroads
from tests.support.crossroads.specs import PORT, SECOND, TCP_SERVICES

pytestmark = pytest.mark.envoy

ANY = Request("/any/thing")


def connect(crossroads: Crossroads, port: int) -> str:
    """Open a connection the way the application of ``web`` does; return who answers it."""
    return say(crossroads.web.egress, port, "hello").removesuffix(": hello")


@pytest.mark.parametrize("protocol", [*PROTOCOLS, "tcp"])
def test_traffic_is_shared_by_weight_and_nothing_goes_where_the_weight_is_zero(
    crossroads: Crossroads, protocol: str
) -> None:
    def taken_by() -> str | None:
        if protocol == "tcp":
            return connect(crossroads, TCP_SERVICES["weights"])
        return crossroads.call(protocol, "weights", ANY).app

    found = Counter(taken_by() for _ in range(200))
    assert set(found) == {"one", "two"}
    assert 110 <= found["one"] <= 185  # 60 of 80 are 150; six standard deviations and more


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_target_names_one_of_the_ports_of_its_node(crossroads: Crossroads, protocol: str) -> None:
    assert crossroads.call(protocol, "targets", ANY).app == "both-second"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_route_is_for_one_of_the_ports_of_its_router(
    crossroads: Crossroads, protocol: str
) -> None:
    for app, port in (("one", PORT[protocol]), ("two", SECOND[protocol])):
        assert crossroads.call(protocol, "ports", ANY, port=port).app == app


def test_tcp_has_ports_of_routers_and_ports_of_targets(crossroads: Crossroads) -> None:
    first = TCP_SERVICES["targets"]
    found = [connect(crossroads, port) for port in (first, first + 10)]
    assert found == ["both", "both-second"]


def test_of_two_routes_of_tcp_the_one_with_the_lower_priority_is_used(
    crossroads: Crossroads,
) -> None:
    assert connect(crossroads, TCP_SERVICES["first"]) == "two"
