"""TLS between real Envoys that a real server configures, with certificates in files.

``shop`` is a node with a listener for each way to speak TLS, ``web`` one that calls it in every
way, ``front`` a gateway that ends its clients' TLS.
"""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from mesh.keys import Kind, ResourceKey
from tests.support.apps import App, ask, say, serving
from tests.support.certificates import Authority, Certificate
from tests.support.envoy import running, wait_until_ready
from tests.support.git import git, put
from tests.support.loopback import loopback_address
from tests.support.meshes import a_gateway_route, a_mesh, a_route, a_router, a_service, resource
from tests.support.sds_agent import SdsAgent
from tests.support.server import Server
from tests.support.specs import text
from xds.bootstrap import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = pytest.mark.envoy

STRICT, PERMISSIVE, MUTUAL, PLAIN = 8443, 8444, 8445, 8080
SDS, ACM, UNMAPPED, TCP = 8446, 8447, 8448, 8449
PORTS = {
    "strict": STRICT,
    "permissive": PERMISSIVE,
    "mutual": MUTUAL,
    "plain": PLAIN,
    "sds": SDS,
    "acm": ACM,
    "unmapped": UNMAPPED,
}
REFUSED = 503


@dataclass
class Town:
    """Where everything is, and how to call it."""

    authority: Authority
    stranger: Authority
    shop: Explicit
    web: Explicit
    front: Explicit

    def call(self, backend: str) -> int:
        """Call a backend the way the application of ``web`` does; return the status."""
        service = f"{backend}.local"
        port = PORTS[backend.partition("-")[0]]
        return ask(self.web.egress, port, "/", host=service).status

    def knock(self, port: int, certificate: Certificate | None = None) -> ssl.SSLSocket:
        """Shake hands with a listener of ``shop``, believing the authority."""
        return handshake(self.authority, self.shop.ingress, port, certificate)


def handshake(
    authority: Authority, address: str, port: int, certificate: Certificate | None = None
) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    if certificate is not None:
        context.load_cert_chain(certificate.chain, certificate.key)
    plain = socket.create_connection((address, port), timeout=5)
    return context.wrap_socket(plain, server_hostname=address)


def request(connection: ssl.SSLSocket) -> int:
    """Send a request over a connection and return the status."""
    with connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status


def specs(town: Town) -> str:
    """Return the mesh of these tests."""
    trust: Any = {"file": {"certificateChain": str(town.authority.bundle)}}
    shop = town.authority.issue("shop", town.shop.ingress).json
    web: Any = town.authority.issue("web", "web.local").json
    other: Any = town.authority.issue("other", "other.local").json
    forged: Any = town.stranger.issue("forged", "web.local").json
    late: Any = Certificate(town.authority.folder / "late.pem", town.authority.folder / "late.key")
    front = town.authority.issue("front", town.front.ingress).json

    def listener(port: int, tls: Any = None, protocol: str = "http") -> Any:
        mapping = {"portMapping": {"port": port, "protocol": protocol}}
        return {**mapping, **({"tls": {"certificate": shop, **tls}} if tls else {})}

    def certificate(arn: str) -> Any:
        return {"acm": {"certificateArn": arn}}

    def policy(**more: Any) -> Any:
        return {"tls": {"validation": {"trust": trust}, **more}}

    def names(*exact: str) -> Any:
        found = {"match": {"exact": list(exact)}}
        return {"validation": {"trust": trust, "subjectAlternativeNames": found}}

    def secret(name: str) -> Any:
        return {"sds": {"secretName": name}}

    def arns(*found: str) -> Any:
        return {"trust": {"acm": {"certificateAuthorityArns": list(found)}}}

    def backend(name: str, own: Any) -> Any:
        policies = {"clientPolicy": own} if own else {}
        return {"virtualService": {"virtualServiceName": f"{name}.local", **policies}}

    known = {"match": {"exact": ["web.local"]}}
    backends: dict[str, Any] = {
        "strict": None,
        "strict-proven": policy(),
        "strict-named": policy(**names("nobody.local", town.shop.ingress)),
        "strict-misnamed": policy(**names("nobody.local")),
        "strict-distrusted": policy(
            validation={"trust": {"file": {"certificateChain": str(town.stranger.bundle)}}}
        ),
        "permissive": None,
        "plain": None,
        "plain-enforced": policy(),
        "plain-willing": policy(enforce=False),
        "plain-elsewhere": policy(ports=[STRICT]),
        "mutual": None,
        "mutual-web": policy(certificate=web),
        "mutual-other": policy(certificate=other),
        "mutual-forged": policy(certificate=forged),
        "mutual-late": policy(certificate=late.json),
        "sds": None,
        "sds-web": policy(certificate=secret("web"), validation={"trust": secret("authority")}),
        "sds-distrusted": policy(
            certificate=secret("web"), validation={"trust": secret("stranger")}
        ),
        "sds-unknown": policy(certificate=secret("web"), validation={"trust": secret("nobody")}),
        "acm-mapped": policy(validation=arns("arn:authority", "arn:again")),
        "acm-unmapped": policy(validation=arns("arn:other")),
        "unmapped": None,
    }
    node = resource(
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "shop"),
        {
            "listeners": [
                listener(PLAIN),
                listener(STRICT, {"mode": "STRICT"}),
                listener(PERMISSIVE, {"mode": "PERMISSIVE"}),
                listener(
                    MUTUAL,
                    {
                        "mode": "STRICT",
                        "validation": {"trust": trust, "subjectAlternativeNames": known},
                    },
                ),
                listener(
                    SDS,
                    {
                        "mode": "STRICT",
                        "certificate": secret("shop"),
                        "validation": {"trust": secret("authority")},
                    },
                ),
                listener(TCP, {"mode": "PERMISSIVE"}, "tcp"),
                listener(ACM, {"mode": "STRICT", "certificate": certificate("arn:shop")}),
                listener(UNMAPPED, {"mode": "STRICT", "certificate": certificate("arn:nobody")}),
            ],
            "serviceDiscovery": {"dns": {"hostname": town.shop.ingress}},
        },
    )
    caller = resource(
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"),
        {
            "backends": [
                backend("tcp", policy()),
                *(backend(name, own) for name, own in backends.items()),
            ]
        },
    )
    gateway = resource(
        ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"),
        {
            "listeners": [
                {
                    "portMapping": {"port": 9443, "protocol": "http"},
                    "tls": {"mode": "STRICT", "certificate": front},  # type: ignore[dict-item]
                }
            ],
            "backendDefaults": {"clientPolicy": policy()},
        },
    )
    return text(
        a_mesh(),
        node,
        caller,
        gateway,
        a_gateway_route("front", "strict", "strict.local", match={"prefix": "/"}),
        a_service("tcp.local", router="tcp"),
        a_router("tcp", (TCP, "tcp")),
        a_route("tcp", "all", [{"virtualNode": "shop", "weight": 1, "port": TCP}], protocol="tcp"),
        *(part for name in backends for part in routed(name)),
    )


def settings(authority: Authority) -> str:
    """Return the repository's settings: where the certificates of ACM are now."""
    trust = {"file": {"certificateChain": str(authority.bundle)}}
    shop = Certificate(authority.folder / "shop.pem", authority.folder / "shop.key")
    return json.dumps(
        {
            "certificates": {"arn:shop": shop.json},
            "authorities": {"arn:authority": trust, "arn:again": trust},
        }
    )


def routed(backend: str) -> list[Any]:
    """Return a service on the port of one listener of ``shop``."""
    port = PORTS[backend.partition("-")[0]]
    router = ResourceKey.of(Kind.VIRTUAL_ROUTER, "shop", backend)
    route = ResourceKey.of(Kind.ROUTE, "shop", "all", backend)
    target = {"virtualNode": "shop", "weight": 1, "port": port}
    return [
        a_service(f"{backend}.local", router=backend),
        resource(router, {"listeners": [{"portMapping": {"port": port, "protocol": "http"}}]}),
        resource(
            route,
            {
                "httpRoute": {
                    "match": {"prefix": "/"},
                    "action": {"weightedTargets": [target]},  # type: ignore[list-item]
                    "retryPolicy": {
                        "maxRetries": 0,
                        "perRetryTimeout": {"value": 5, "unit": "s"},
                        "httpRetryEvents": ["gateway-error"],
                    },
                }
            },
        ),
    ]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificates").mkdir()
    certificates = folder / "certificates"
    application = loopback_address()
    town = Town(
        Authority(certificates),
        Authority(certificates, "stranger"),
        shop=Explicit(loopback_address(), loopback_address(), application),
        web=Explicit(loopback_address(), loopback_address(), loopback_address()),
        front=Explicit(loopback_address(), loopback_address()),
    )
    origin = folder / "origin.git"
    git(folder, "init", "--bare", "--initial-branch=main", str(origin))
    put(origin, {"shop.yaml": specs(town), "gitmesh.yaml": settings(town.authority)})
    secrets: dict[str, Certificate | Authority] = {
        "shop": town.authority.issue("sds-shop", town.shop.ingress),
        "web": town.authority.issue("sds-web", "web.local"),
        "authority": town.authority,
        "stranger": town.stranger,
    }
    agent = folder / "agent.sock"
    apps = [
        *(App(f"shop:{port}", application, port) for port in PORTS.values()),
        App("tcp", application, TCP, "tcp"),
    ]
    with ExitStack() as stack:
        stack.enter_context(SdsAgent(agent, secrets))
        server = stack.enter_context(Server(origin))
        stack.enter_context(serving(*apps))
        for name, kind, addresses in (
            ("shop", Kind.VIRTUAL_NODE, town.shop),
            ("web", Kind.VIRTUAL_NODE, town.web),
            ("front", Kind.VIRTUAL_GATEWAY, town.front),
        ):
            where = folder / name
            where.mkdir()
            config = bootstrap(
                identity=ProxyIdentity(ResourceKey.of(kind, "shop", name), addresses),
                xds_address=server.address,
                admin_address=f"{addresses.ingress}:9901",
                sds_socket=str(agent),
            )
            stack.enter_context(running(config, where))
        for name, addresses in (("shop", town.shop), ("web", town.web), ("front", town.front)):
            wait_until_ready(addresses.ingress, 9901, folder / name)
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
    connection = http.client.HTTPConnection(town.web.ingress, 9901, timeout=5)
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
    assert request(handshake(town.authority, town.front.ingress, 9443)) == 200
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(town.front.ingress, 9443)


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
