"""Every type that a real Envoy refuses on its machine, in both variants, beside one that does not.

All of it passes every check of ours: it is the machine that is at fault, or a bootstrap of its own.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mesh.keys import Kind, ResourceKey
from tests.envoy.test_refusals import MESH, WEB, Town, eventually
from tests.support.envoy import running
from tests.support.git import put
from tests.support.loopback import free_port, loopback_address
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(180)]

OTHER = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "other")
HTTP, MORE = free_port(), free_port()
NODE = """\
meshName: shop
virtualNodeName: NAME
spec:
  serviceDiscovery: {dns: {hostname: NAME.local}}
  listeners:
    - portMapping: {port: HTTP, protocol: http}
      timeout: {http: {idle: {unit: s, value: SECONDS}}}
""".replace("HTTP", str(HTTP))
MORE_PORTS = """\
    - portMapping: {port: MORE, protocol: http}
""".replace("MORE", str(MORE))
TLS = """\
      tls: {mode: STRICT, certificate: {file: {certificateChain: /no/c.pem, privateKey: /no/k.pem}}}
"""
CALLS = """\
  backends:
    - virtualService: {virtualServiceName: shelf.local}
"""
TRUST = """\
        clientPolicy: {tls: {validation: {trust: {file: {certificateChain: /no/ca.pem}}}}}
"""
TRUSTING = CALLS.replace(
    "{virtualServiceName: shelf.local}", "\n        virtualServiceName: shelf.local"
)
ROUTE = """\
meshName: shop
virtualRouterName: shelf
routeName: r
spec:
  httpRoute:
    match: {path: {regex: "REGEX"}}
    action: {weightedTargets: [{virtualNode: other, weight: 1}]}
"""
SHELF = {
    "router.yaml": """\
meshName: shop
virtualRouterName: shelf
spec: {listeners: [{portMapping: {port: HTTP, protocol: http}}]}
""".replace("HTTP", str(HTTP)),
    "service.yaml": """\
meshName: shop
virtualServiceName: shelf.local
spec: {provider: {virtualRouter: {virtualRouterName: shelf}}}
""",
}
SIMPLE, LONG = "/a", "/([a-z]{10}[0-9]{10}){20}"


@dataclass(frozen=True)
class Bad:
    """What web's proxy refuses: the type, its words, and the line that is at fault."""

    type: str
    words: str
    place: str
    web: str
    regex: str = SIMPLE


BAD = [
    Bad("Listener", "cannot bind '", "web.yaml:8: ", MORE_PORTS + CALLS),
    Bad("Secret", "file /no/: No such file or directory", "web.yaml:8: ", TLS + CALLS),
    Bad("Secret", "Invalid path: /no/ca.pem", "web.yaml:11: ", TRUSTING + TRUST),
    # Their bootstrap is not one of ours, which allow regular expressions of this size.
    Bad("RouteConfiguration", "RE2 program size", "route.yaml:6: ", CALLS, LONG),
]


class Street(Town):
    """A town with two nodes, whose proxies are told of each commit."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.pushes = 0

    def tell(self, web: str, regex: str = SIMPLE) -> str:
        self.pushes += 1
        return put(
            self.bare,
            {
                "mesh.yaml": MESH,
                "web.yaml": NODE.replace("NAME", "web").replace("SECONDS", "5") + web,
                "other.yaml": NODE.replace("NAME", "other").replace("SECONDS", str(self.pushes)),
                "route.yaml": ROUTE.replace("REGEX", regex),
                **SHELF,
            },
        )

    @contextmanager
    def proxy(self, key: ResourceKey, addresses: Explicit, *, delta: bool) -> Iterator[None]:
        folder = self.folder / key.name
        folder.mkdir()
        config: Any = bootstrap(
            identity=ProxyIdentity(key, addresses),
            xds_address=f"127.0.0.1:{self.port}",
            admin_address=f"unix:{folder / 'admin'}",
            delta=delta,
        )
        del config["layered_runtime"]
        with running(config, folder):
            yield

    def stand(self, commit: str, **states: str) -> None:
        """Wait until the proxies stand so by a commit."""
        wanted = [(f"mesh/shop/virtualNode/{name}", states[name], commit) for name in states]
        eventually(
            self.proxies,
            lambda found: [(p["node"], p["state"], p["commit"]) for p in found] == wanted,
        )


@contextmanager
def taken(address: str) -> Iterator[None]:
    """Be another program that listens where the proxy is to."""
    with socket.socket() as listening:
        listening.bind((address, MORE))
        listening.listen()
        yield


@pytest.mark.parametrize("delta", [False, True], ids=["state of the world", "delta"])
def test_whatever_is_refused_is_told_in_words_harms_nobody_else_and_is_mended_by_the_next(
    tmp_path: Path, delta: bool
) -> None:
    street = Street(tmp_path)
    good = street.tell(CALLS)
    elsewhere = Explicit(loopback_address(), loopback_address(), "127.0.0.1")
    with (
        street.server(),
        street.proxy(WEB, street.addresses, delta=delta),
        street.proxy(OTHER, elsewhere, delta=delta),
    ):
        street.stand(good, other="in-sync", web="in-sync")
        for bad in BAD:
            with taken(street.addresses.ingress) if bad.type == "Listener" else nullcontext():
                refused = street.tell(bad.web, bad.regex)
                told = street.status(refused)
                assert told.code == 1, bad
                assert f"refuses {bad.type} " in told.out
                assert bad.words in told.out
                assert bad.place in told.out
                street.stand(refused, other="in-sync", web="refused")
                good = street.tell(CALLS)
                assert street.status(good).code == 0, bad
                street.stand(good, other="in-sync", web="in-sync")
