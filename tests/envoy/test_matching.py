"""Which route takes a request: every matcher and every rule of order, on real Envoys.

Routes and gateway routes are asked the same, in every protocol that they are for.
"""

import socket

import pytest

from tests.support.crossroads.calls import Request
from tests.support.crossroads.cases import (
    PROTOCOLS,
    Case,
    Pair,
    cases,
    grpc_route_pairs,
    pairs,
    route_cases,
)
from tests.support.crossroads.entrances import ENTRANCES
from tests.support.crossroads.place import Crossroads
from tests.support.crossroads.specs import PORT

pytestmark = pytest.mark.envoy

CASES = [(protocol, case) for protocol in PROTOCOLS for case in cases(protocol)]
ROUTE_CASES = [(protocol, case) for protocol in PROTOCOLS for case in route_cases(protocol)]
PAIRS = [(protocol, pair) for protocol in PROTOCOLS for pair in pairs(protocol)]


def named(value: object) -> str | None:
    return value.name if isinstance(value, Case | Pair) else None


@pytest.mark.parametrize(("protocol", "case"), [*CASES, *ROUTE_CASES], ids=named)
def test_a_route_takes_what_it_asks_for_and_nothing_else(
    crossroads: Crossroads, protocol: str, case: Case
) -> None:
    def taken_by(request: Request) -> str | None:
        return crossroads.call(protocol, "matching", request).app

    assert {taken_by(request) for request in case.hits} == {"two"}
    assert {taken_by(request) for request in case.misses} == {"one"}


@pytest.mark.parametrize(("protocol", "case"), CASES, ids=named)
def test_a_gateway_route_takes_what_it_asks_for_and_nothing_else(
    crossroads: Crossroads, protocol: str, case: Case
) -> None:
    def taken_by(request: Request) -> str | None:
        return crossroads.enter(protocol, request).app

    assert {taken_by(request) for request in case.hits} == {"two"}
    assert {taken_by(request) for request in case.misses} == {"one"}


@pytest.mark.parametrize(
    ("protocol", "pair"), [*PAIRS, *(("grpc", each) for each in grpc_route_pairs())], ids=named
)
def test_of_two_routes_the_one_that_goes_first_takes_a_request(
    crossroads: Crossroads, protocol: str, pair: Pair
) -> None:
    assert crossroads.call(protocol, "matching", pair.request).app == "two"


@pytest.mark.parametrize(("protocol", "pair"), PAIRS, ids=named)
def test_of_two_gateway_routes_the_one_that_goes_first_takes_a_request(
    crossroads: Crossroads, protocol: str, pair: Pair
) -> None:
    assert crossroads.enter(protocol, pair.request).app == "two"


@pytest.mark.parametrize("gateway", [False, True])
def test_no_route_takes_a_tunnel(crossroads: Crossroads, gateway: bool) -> None:
    # Why a match of this method has the warning "no-effect".
    address, port = crossroads.web.egress, PORT["http"]
    if gateway:
        address, port = crossroads.front.ingress, ENTRANCES["http"]
    host = f"matching-http.local:{port}"
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 404 ")
