"""What the kernel makes of the ruleset: which connections meet the proxy, and which do not.

The proxy is a plain application here, so that each value is seen to act by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.command_line import gitmesh
from tests.support.namespaces import PROXY_UID, Client, Namespace, a_wire

pytestmark = pytest.mark.slow

HERE, THERE, ASIDE = "198.18.0.1", "198.18.0.2", "198.18.0.3"
HERE_6, THERE_6 = "[fd00:18::1]", "[fd00:18::2]"
PROXY_GID = PROXY_UID + 1
EGRESS, INGRESS = 15001, 15000


@dataclass
class Pair:
    """A machine with an application and its proxy, and another one without a proxy."""

    here: Namespace
    inside: Client
    proxy: Client
    outside: Client

    def load(self, *options: str, **variables: str) -> None:
        printed = gitmesh(
            "intercept", *options, **{f"APPMESH_{k}": v for k, v in variables.items()}
        )
        assert printed.code == 0, printed.err
        self.here.nft("-f", "-", rules=printed.out)


@pytest.fixture(scope="module")
def machines() -> Iterator[Pair]:
    hosts = {
        "here": (f"{HERE}/24", "fd00:18::1/64"),
        "there": (f"{THERE}/24", f"{ASIDE}/24", "fd00:18::2/64"),
    }
    with a_wire(hosts, {}) as found:
        here, there = found["here"], found["there"]
        here.app("proxy", f"http:{EGRESS}", f"http:{INGRESS}", "http:15101", "http:15100")
        here.app("application", "http:8080", "http:9005", "http:7777")
        there.app("there", "http:22", "http:80", "http:81", "http:82", "http:443")
        yield Pair(here, here.client(), here.client(uid=PROXY_UID, gid=PROXY_GID), there.client())


@pytest.fixture
def pair(machines: Pair) -> Iterator[Pair]:
    yield machines
    machines.here.nft("flush", "ruleset")


def reached(client: Client, address: str, port: int) -> tuple[str | None, int | None]:
    answer = client.get(f"http://{address}:{port}/")
    return answer.app, answer.said.get("port")


def test_what_goes_out_meets_the_proxy_but_not_what_stays_here(pair: Pair) -> None:
    assert reached(pair.inside, THERE, 80) == ("there", 80)
    pair.load()
    assert reached(pair.inside, THERE, 80) == ("proxy", EGRESS)
    assert reached(pair.inside, THERE, 9999) == ("proxy", EGRESS)
    assert reached(pair.inside, HERE, 8080) == ("application", 8080)
    assert reached(pair.inside, "127.0.0.1", 8080) == ("application", 8080)


def test_the_proxys_own_connections_go_where_they_are_meant_to(pair: Pair) -> None:
    pair.load()
    assert reached(pair.proxy, THERE, 80) == ("there", 80)
    pair.load(IGNORE_UID=str(PROXY_GID))
    assert reached(pair.proxy, THERE, 80) == ("proxy", EGRESS)
    pair.load(IGNORE_GID=str(PROXY_GID))
    assert reached(pair.proxy, THERE, 80) == ("there", 80)
    assert reached(pair.inside, THERE, 80) == ("proxy", EGRESS)


def test_ignored_ports_and_addresses_are_left_alone_and_port_22_always(pair: Pair) -> None:
    pair.load(EGRESS_IGNORED_PORTS="80-81,443", EGRESS_IGNORED_IP=f"{ASIDE},10.0.0.0/8,10.1.0.0/16")
    for port in (80, 81, 443, 22):
        assert reached(pair.inside, THERE, port) == ("there", port)
    assert reached(pair.inside, THERE, 82) == ("proxy", EGRESS)
    assert reached(pair.inside, ASIDE, 82) == ("there", 82)


def test_every_address_may_be_ignored(pair: Pair) -> None:
    pair.load("--egress-ignored-ip", "0.0.0.0/0,::/0", "--enable-ipv6", "1")
    assert reached(pair.inside, THERE, 80) == ("there", 80)
    assert reached(pair.inside, THERE_6, 80) == ("there", 80)


def test_only_the_applications_ports_are_redirected_in_and_only_from_elsewhere(pair: Pair) -> None:
    pair.load(APP_PORTS="8080,9000:9010")
    assert reached(pair.outside, HERE, 8080) == ("proxy", INGRESS)
    assert reached(pair.outside, HERE, 9005) == ("proxy", INGRESS)
    assert reached(pair.outside, HERE, 7777) == ("application", 7777)
    assert reached(pair.inside, HERE, 8080) == ("application", 8080)
    pair.load()
    assert reached(pair.outside, HERE, 8080) == ("application", 8080)


def test_the_proxy_may_listen_elsewhere(pair: Pair) -> None:
    pair.load(APP_PORTS="8080", ENVOY_INGRESS_PORT="15100", ENVOY_EGRESS_PORT="15101")
    assert reached(pair.outside, HERE, 8080) == ("proxy", 15100)
    assert reached(pair.inside, THERE, 80) == ("proxy", 15101)


def test_ipv6_is_redirected_only_when_it_is_enabled(pair: Pair) -> None:
    pair.load(APP_PORTS="8080")
    assert reached(pair.inside, THERE_6, 80) == ("there", 80)
    assert reached(pair.outside, HERE_6, 8080) == ("application", 8080)
    pair.load(APP_PORTS="8080", ENABLE_IPV6="1", EGRESS_IGNORED_PORTS="81")
    assert reached(pair.inside, THERE_6, 80) == ("proxy", EGRESS)
    assert reached(pair.inside, THERE_6, 81) == ("there", 81)
    assert reached(pair.inside, "[::1]", 8080) == ("application", 8080)
    assert reached(pair.outside, HERE_6, 8080) == ("proxy", INGRESS)
    pair.load(ENABLE_IPV6="1", EGRESS_IGNORED_IP="fd00:18::2")
    assert reached(pair.inside, THERE_6, 80) == ("there", 80)
    assert reached(pair.inside, THERE, 80) == ("proxy", EGRESS)


def test_a_ruleset_is_replaced_switched_off_and_removed_and_others_stay(pair: Pair) -> None:
    pair.here.nft("add", "table", "ip", "theirs")
    pair.load(APP_PORTS="8080")
    once = pair.here.nft("list", "table", "inet", "gitmesh")
    pair.load(APP_PORTS="8080")
    assert pair.here.nft("list", "table", "inet", "gitmesh") == once
    pair.load(APP_PORTS="8080", START_ENABLED="0")
    assert reached(pair.inside, THERE, 80) == ("there", 80)
    pair.load()
    assert reached(pair.inside, THERE, 80) == ("proxy", EGRESS)
    for _ in range(2):
        pair.here.nft("-f", "-", rules=gitmesh("intercept", "--remove").out)
        assert pair.here.nft("list", "tables").split("\n") == ["table ip theirs", ""]
    assert reached(pair.inside, THERE, 80) == ("there", 80)
