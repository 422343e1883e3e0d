"""Test bed for TLS: real Envoys that a real server configures, with certificates in files.

``shop`` is a node with a listener for each TLS mode, ``web`` one that calls each of them, ``front``
a gateway that terminates its clients' TLS.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.keys import Kind, ResourceKey
from tests.support.apps import App, ask, serving
from tests.support.certificates import Authority, Certificate
from tests.support.envoy import running, wait_until_ready
from tests.support.git import git, put
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_gateway_route, a_mesh, a_route, a_router, a_service, resource
from tests.support.sds_agent import SdsAgent
from tests.support.server import Server
from tests.support.specs import text
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

ADMIN = free_port()
STRICT, PERMISSIVE, MUTUAL, PLAIN = (free_port() for _ in range(4))
SDS, ACM, UNMAPPED, TCP = (free_port() for _ in range(4))
ENTRANCE = free_port()
PORTS = {
    "strict": STRICT,
    "permissive": PERMISSIVE,
    "mutual": MUTUAL,
    "plain": PLAIN,
    "sds": SDS,
    "acm": ACM,
    "unmapped": UNMAPPED,
}


@dataclass
class Town:
    """Addresses of the test bed, and calls to it."""

    authority: Authority
    stranger: Authority
    shop: Explicit
    web: Explicit
    front: Explicit

    def call(self, backend: str) -> int:
        """Call a backend as the application of ``web`` does; return the status."""
        service = f"{backend}.local"
        port = PORTS[backend.partition("-")[0]]
        return ask(self.web.egress, port, "/", host=service).status

    def knock(self, port: int, certificate: Certificate | None = None) -> ssl.SSLSocket:
        """Do a TLS handshake with a listener of ``shop``, trusting the authority."""
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
                    "portMapping": {"port": ENTRANCE, "protocol": "http"},
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
    """Return the repository's settings: replacements of ACM certificates."""
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


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """Run the applications, the server and three Envoys until the end of the block."""
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
                admin_address=f"{addresses.ingress}:{ADMIN}",
                sds_socket=str(agent),
            )
            stack.enter_context(running(config, where))
        for name, addresses in (("shop", town.shop), ("web", town.web), ("front", town.front)):
            wait_until_ready(addresses.ingress, ADMIN, folder / name)
        yield town
