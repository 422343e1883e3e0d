"""TLS between real Envoys that a real server configures; the town says who they are."""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.apps import ask, say
from tests.support.certificates import Certificate
from tests.support.tls_town import (
    ADMIN,
    ENTRANCE,
    MUTUAL,
    PERMISSIVE,
    PLAIN,
    STRICT,
    TCP,
    Town,
    handshake,
    request,
    running_town,
)

pytestmark = pytest.mark.envoy

REFUSED = 503


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("tls")) as town:
        yield town


def test_a_strict_listener_takes_tls_only(town: Town) -> None:
    assert request(town.knock(STRICT)) == 200
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(town.shop.ingress, STRICT)


def test_a_permissive_listener_takes_both(town: Town) -> None:
    assert request(town.knock(PERMISSIVE)) == 200
    assert ask(town.shop.ingress, PERMISSIVE).app == f"shop:{PERMISSIVE}"


def test_a_listener_without_tls_takes_plain_text_only(town: Town) -> None:
    assert ask(town.shop.ingress, PLAIN).app == f"shop:{PLAIN}"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        town.knock(PLAIN)


@pytest.mark.parametrize("name", ["", "other", "forged"])
def test_a_listener_that_validates_refuses_who_cannot_prove_a_name_it_knows(
    town: Town, name: str
) -> None:
    folder = town.authority.folder
    shown = Certificate(folder / f"{name}.pem", folder / f"{name}.key") if name else None
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        request(town.knock(MUTUAL, shown))
    known = Certificate(folder / "web.pem", folder / "web.key")
    assert request(town.knock(MUTUAL, known)) == 200


@pytest.mark.parametrize(
    ("backend", "status"),
    [
        # Without a policy the listener decides, and is believed.
        ("strict", 200),
        ("permissive", 200),
        ("plain", 200),
        # With one, the name it is found by must be proven, or one that is written.
        ("strict-proven", 200),
        ("strict-named", 200),
        ("strict-misnamed", REFUSED),
        ("strict-distrusted", REFUSED),
        # TLS is not fallen back from, unless it is not enforced or the port is not listed.
        ("plain-enforced", REFUSED),
        ("plain-willing", 200),
        ("plain-elsewhere", 200),
        # Who must show a certificate, shows the backend's own.
        ("mutual", REFUSED),
        ("mutual-web", 200),
        ("mutual-other", REFUSED),
        ("mutual-forged", REFUSED),
        # The machine's own discovery service; what it does not know is nobody to believe.
        ("sds", REFUSED),
        ("sds-web", 200),
        ("sds-distrusted", REFUSED),
        ("sds-unknown", REFUSED),
        # What ACM held is where the settings say; what is nowhere lets nothing through.
        ("acm-mapped", 200),
        ("acm-unmapped", REFUSED),
        ("unmapped", REFUSED),
    ],
)
def test_what_a_client_policy_does(town: Town, backend: str, status: int) -> None:
    assert town.call(backend) == status


def test_backends_of_one_node_keep_their_own_policies_side_by_side(town: Town) -> None:
    backends = ["strict", "strict-misnamed", "strict-proven", "mutual", "mutual-web"] * 10
    found = {backend: {town.call(backend)} for backend in backends}
    assert found == {
        "strict": {200},
        "strict-misnamed": {REFUSED},
        "strict-proven": {200},
        "mutual": {REFUSED},
        "mutual-web": {200},
    }


def stats(town: Town, pattern: str) -> dict[str, int]:
    """Return what the proxy of ``web`` counted under names like this."""
    connection = http.client.HTTPConnection(town.web.ingress, ADMIN, timeout=5)
    connection.request("GET", f"/stats?format=json&filter={pattern}")
    found = json.loads(connection.getresponse().read())["stats"]
    connection.close()
    return {each["name"]: each["value"] for each in found}


def test_clusters_of_own_policies_are_counted_under_app_meshs_name(town: Town) -> None:
    assert town.call("mutual-web") == 200
    counted = stats(town, "upstream_rq_total$")
    assert counted[f"cluster.cds_egress_shop_shop_http_{MUTUAL}.upstream_rq_total"] > 0
    assert not [name for name in counted if "local" in name]


def test_who_offers_tls_gets_it_even_where_nobody_asks_for_it(town: Town) -> None:
    for port, encrypted in ((PERMISSIVE, True), (PLAIN, False)):
        town.call({PERMISSIVE: "permissive", PLAIN: "plain"}[port])
        name = f"cluster.cds_egress_shop_shop_http_{port}.ssl.handshake"
        assert (stats(town, "ssl.handshake$").get(name, 0) > 0) is encrypted


def test_tcp_is_encrypted_like_everything_else(town: Town) -> None:
    assert say(town.web.egress, TCP, "hello") == "tcp: hello"
    assert stats(town, "ssl.handshake$")[f"cluster.cds_egress_shop_shop_tcp_{TCP}.ssl.handshake"]
    assert say(town.shop.ingress, TCP, "in plain text") == "tcp: in plain text"


def test_a_gateway_ends_the_tls_of_its_clients_and_speaks_its_own(town: Town) -> None:
    assert request(handshake(town.authority, town.front.ingress, ENTRANCE)) == 200
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(town.front.ingress, ENTRANCE)


def test_files_that_come_late_are_taken_up_and_hold_up_nothing_but_their_own(town: Town) -> None:
    assert [town.call("mutual-late"), town.call("mutual-web")] == [REFUSED, 200]
    town.authority.issue("late", "web.local")
    deadline = time.monotonic() + 10
    while town.call("mutual-late") != 200:
        assert time.monotonic() < deadline, "the new certificate is not shown"
        time.sleep(0.05)


class Load:
    """Calls without pause, each over a new connection to the proxy, until the block ends."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._stop = threading.Event()
        self.statuses: list[int] = []
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(2)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def wait_for(self, more: int) -> None:
        """Wait until so many more calls were made."""
        wanted, deadline = len(self.statuses) + more, time.monotonic() + 20
        while len(self.statuses) < wanted:
            assert time.monotonic() < deadline, "the load is not running"
            time.sleep(0.02)

    def _run(self, number: int) -> None:
        backends = ("strict-proven", "mutual-web", "permissive", "strict")
        count = number
        while not self._stop.is_set():
            count += 1
            try:
                self.statuses.append(self._town.call(backends[count % len(backends)]))
                # The proxies keep their connections: only a client of ours shakes hands each time.
                self.statuses.append(request(self._town.knock(STRICT)))
            except (OSError, http.client.HTTPException):
                self.statuses.append(0)


def serial(town: Town) -> int:
    """Return the number of the certificate that ``shop`` shows."""
    with town.knock(STRICT) as connection:
        shown = connection.getpeercert()
    assert shown is not None
    return int(str(shown["serialNumber"]), 16)


def test_files_are_rotated_under_load_without_a_restart_and_no_request_fails(town: Town) -> None:
    seen = [serial(town)]
    with Load(town) as load:
        for _ in range(3):
            town.authority.issue("shop", town.shop.ingress)
            town.authority.issue("web", "web.local")
            deadline = time.monotonic() + 10
            while serial(town) == seen[-1]:
                assert time.monotonic() < deadline, "the new certificate is not shown"
                time.sleep(0.05)
            seen.append(serial(town))
            load.wait_for(40)
    assert len(set(seen)) == 4
    assert set(load.statuses) == {200}
