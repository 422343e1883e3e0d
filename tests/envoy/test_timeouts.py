"""How long requests and connections may take, and stand still: on routes, listeners and gateways.

CommitStatus still is not taking long: an answer that comes in drops outlives every idle timeout.
"""

import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

import pytest

from tests.support.crossroads.calls import Answer, call
from tests.support.crossroads.cases import PROTOCOLS, a_request
from tests.support.crossroads.place import Crossroads
from tests.support.crossroads.specs import LISTENERS, TCP_LISTENERS, TCP_SERVICES

pytestmark = pytest.mark.envoy

Way: TypeAlias = Callable[[Crossroads, str, str, Mapping[str, str]], Answer]
"""How to ask for the timeouts of a name: in which protocol, and with which conduct."""


def by_route(at: Crossroads, protocol: str, timeouts: str, conduct: Mapping[str, str]) -> Answer:
    return at.call(protocol, "timeouts", a_request(protocol, timeouts).having(**conduct))


def by_listener(at: Crossroads, protocol: str, timeouts: str, conduct: Mapping[str, str]) -> Answer:
    request = replace(a_request(protocol, timeouts).having(**conduct), authority="slow")
    return call(protocol, at.slow.ingress, LISTENERS[protocol, timeouts], request)


def by_gateway(at: Crossroads, protocol: str, timeouts: str, conduct: Mapping[str, str]) -> Answer:
    return at.enter(protocol, a_request(protocol, timeouts).having(**conduct))


WAYS = [by_route, by_listener, by_gateway]


def outcome(answer: Answer) -> str:
    """Return whether an answer came whole, was cut off, or never began."""
    if answer.cut:
        return "cut"
    if answer.app is not None:
        return "whole"
    # Envoy tells callers of gRPC that the service is unavailable (14).
    return "none" if answer.status == 504 or answer.grpc_status == 14 else str(answer)


CONDUCTS = {
    "quick": {},
    "silent": {"x_delay": "5"},
    "stalling": {"x_stall": "5"},
    "dripping": {"x_drip": "12"},
}
OUTCOMES = {
    "short": {"quick": "whole", "silent": "none", "stalling": "cut", "dripping": "cut"},
    "idle": {"quick": "whole", "silent": "none", "stalling": "cut", "dripping": "whole"},
}
"""What becomes of an answer that takes 1.2 seconds or stands still, under each timeout."""


@pytest.mark.parametrize("timeouts", OUTCOMES)
@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_ends_what_takes_too_long_or_stands_still(
    crossroads: Crossroads, way: Way, timeouts: str
) -> None:
    with ThreadPoolExecutor(12) as pool:
        asked = {
            protocol: {
                name: pool.submit(way, crossroads, protocol, timeouts, conduct)
                for name, conduct in CONDUCTS.items()
            }
            for protocol in PROTOCOLS
        }
    found = {
        protocol: {name: outcome(answer.result()) for name, answer in answers.items()}
        for protocol, answers in asked.items()
    }
    assert found == dict.fromkeys(PROTOCOLS, OUTCOMES[timeouts])


def test_without_a_timeout_a_request_has_15_seconds_and_with_zero_all_the_time_it_needs(
    crossroads: Crossroads,
) -> None:
    def timed(way: Way, protocol: str, timeouts: str) -> tuple[str, bool]:
        begin = time.monotonic()
        found = outcome(way(crossroads, protocol, timeouts, {"x_delay": "17"}))
        return found, time.monotonic() - begin > 14.5

    ways = [(way, protocol) for way in WAYS for protocol in PROTOCOLS]
    with ThreadPoolExecutor(18) as pool:
        default = [pool.submit(timed, way, protocol, "default") for way, protocol in ways]
        off = [pool.submit(timed, way, protocol, "off") for way, protocol in ways]
    assert [each.result() for each in default] == [("none", True)] * 9
    assert [each.result() for each in off] == [("whole", True)] * 9


def test_a_connection_of_tcp_ends_when_nothing_comes_for_too_long(crossroads: Crossroads) -> None:
    def dies(address: str, port: int, within: float = 10) -> bool:
        with socket.create_connection((address, port), timeout=within) as connection:
            for _ in range(10):  # A second in all, longer than it may stand still.
                connection.sendall(b"hello\n")
                assert connection.recv(100).endswith(b": hello\n")
                time.sleep(0.1)
            try:
                return connection.recv(100) == b""
            except TimeoutError:
                return False

    web, slow = crossroads.web.egress, crossroads.slow.ingress
    with ThreadPoolExecutor(5) as pool:
        by_route = pool.submit(dies, web, TCP_SERVICES["idle"])
        by_listener = pool.submit(dies, slow, TCP_LISTENERS["idle"])
        without = pool.submit(dies, web, TCP_SERVICES["weights"], 2)
        # Zero is no time at all, not the shortest one.
        off_by_route = pool.submit(dies, web, TCP_SERVICES["off"], 2)
        off_by_listener = pool.submit(dies, slow, TCP_LISTENERS["off"], 2)
    assert [by_route.result(), by_listener.result()] == [True, True]
    lasting = (without, off_by_route, off_by_listener)
    assert [each.result() for each in lasting] == [False, False, False]
