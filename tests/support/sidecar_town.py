"""Test bed of sidecars: each node in its own network namespace, with redirected traffic.

``web`` calls ``cart`` (``v1`` and ``v2``) and ``db`` (``v1`` by TCP). Envoys run as user 1337 and
are configured by a real server, which has a namespace too. ``outside`` is in no mesh.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from tests.support.command_line import gitmesh
from tests.support.envoy import find_envoy
from tests.support.git import git, put
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service, resource
from tests.support.namespaces import PROXY_UID, Client, Namespace, a_wire, skip_unless_runnable
from tests.support.routing_town import http_route
from tests.support.server import Server
from tests.support.specs import text
from xds.bootstrap.envoy import bootstrap
from xds.nodes import ProxyIdentity

HTTP, TCP, UNKNOWN = 8080, 9000, 7777
"""``UNKNOWN`` is a port of ``v1``'s application that its node does not declare."""
OPEN, IGNORED, GREETS, TLS = 7000, 7001, 7002, 443
"""Ports of ``outside``; ``web`` ignores the second one. On the last two, the server sends first."""

OUTSIDE, ASIDE = "198.18.0.5", "198.18.0.6"
HOSTS: Final = {
    "server": ("198.18.0.1/24",),
    "web": ("198.18.0.2/24", "fd00:18::2/64"),
    "v1": ("198.18.0.3/24", "fd00:18::3/64"),
    "v2": ("198.18.0.4/24",),
    "outside": (f"{OUTSIDE}/24", f"{ASIDE}/24", "fd00:18::5/64"),
}
NAMES: Final = {
    "v1.internal": "198.18.0.3",
    "v2.internal": "198.18.0.4",
    "outside.example": OUTSIDE,
    "aside.example": ASIDE,
    # App Mesh asks that a service's name has some address; nobody is there.
    "cart.local": "198.18.0.200",
    "db.local": "198.18.0.201",
}
_XDS: Final = "198.18.0.1:18000"
_ADMIN: Final = "127.0.0.1:9901"
APPS: Final = {
    "web": (f"http:{HTTP}",),
    "v1": (f"http:{HTTP}", f"http:{UNKNOWN}", f"tcp:{TCP}"),
    "v2": (f"http:{HTTP}",),
    "outside": (f"http:{OPEN}", f"http:{IGNORED}", "http:22", f"greets:{GREETS}", f"greets:{TLS}"),
}
NODES: Final = ("web", "v1", "v2")


VARIABLES: Final = {
    "APPMESH_START_ENABLED": "1",
    "APPMESH_IGNORE_UID": str(PROXY_UID),
    "APPMESH_APP_PORTS": str(HTTP),
    "APPMESH_ENVOY_EGRESS_PORT": "15001",
    "APPMESH_ENVOY_INGRESS_PORT": "15000",
    "APPMESH_EGRESS_IGNORED_IP": f"169.254.169.254,{ASIDE}",
    "APPMESH_EGRESS_IGNORED_PORTS": str(IGNORED),
}
"""Environment of the container beside ``web`` in App Mesh."""


def mesh(
    *, v1: int = 75, v2: int = 25, allow_all: bool = False, preference: str = ""
) -> list[Resource]:
    """Return the mesh: the weights of ``cart``, and the permitted calls of ``web``."""
    second: JsonObject = {"name": "x-version", "match": {"exact": "2"}}
    match: JsonObject = {"prefix": "/", "headers": [second]}
    return [
        _mesh(allow_all=allow_all, preference=preference),
        a_node("web", HTTP, backends=("cart.local", "db.local")),
        a_node("v1", HTTP, (TCP, "tcp"), hostname="v1.internal"),
        a_node("v2", HTTP, hostname="v2.internal"),
        a_service("cart.local", router="cart"),
        a_router("cart", HTTP),
        http_route("cart", "second", [{"virtualNode": "v2", "weight": 1}], match=match, priority=1),
        a_route("cart", "all", _shares(v1=v1, v2=v2)),
        a_service("db.local", router="db"),
        a_router("db", (TCP, "tcp")),
        a_route("db", "all", [{"virtualNode": "v1", "weight": 1, "port": TCP}], protocol="tcp"),
    ]


def _mesh(*, allow_all: bool, preference: str) -> Resource:
    if not preference:
        return a_mesh(allow_all=allow_all)
    spec: JsonObject = {"serviceDiscovery": {"ipPreference": preference}}
    return resource(ResourceKey.of_mesh("shop"), spec)


def _shares(**shares: int) -> Sequence[JsonObject]:
    return [
        {"virtualNode": node, "weight": weight, "port": HTTP} for node, weight in shares.items()
    ]


@dataclass
class Town:
    """Addresses of the test bed. ``app`` is the application of ``web``."""

    origin: Path
    server: Server
    namespaces: dict[str, Namespace]
    app: Client
    as_proxy: Client
    outside: Client
    pushed: dict[str, str] = field(default_factory=lambda: {"mesh.yaml": text(*mesh())})
    admins: dict[str, Client] = field(default_factory=dict)

    def push(self, resources: Sequence[Resource], settings: str = "") -> None:
        """Push a mesh unless it is current, and wait until all proxies have it."""
        pushed = {"mesh.yaml": text(*resources)}
        if settings:
            pushed["gitmesh.yaml"] = settings
        if pushed != self.pushed:
            self.pushed = pushed
            commit = put(self.origin, pushed)
            self.server.wait_for("snapshot converged", commit=commit[:7])

    def intercept(self, node: str, **more: str) -> None:
        """Redirect a node's traffic: for ``web`` by App Mesh's variables, for others by their
        specs."""
        if node == "web":
            printed = gitmesh("intercept", **VARIABLES, **more)
        else:
            key = f"mesh/shop/virtualNode/{node}"
            printed = gitmesh("intercept", self.origin, "--node", key, **more)
        assert printed.code == 0, printed.err
        self.namespaces[node].nft("-f", "-", rules=printed.out)

    def stats(self, node: str, prefix: str) -> dict[str, int]:
        """Return the statistics of a node's proxy with names that begin like this."""
        found = self.admins[node].text(f"http://{_ADMIN}/stats?format=json&filter=^{prefix}")
        counted: list[dict[str, Any]] = json.loads(found)["stats"]
        return {each["name"]: each["value"] for each in counted if "value" in each}


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """Run the applications, the server and three sidecars until the end of the block."""
    envoy = find_envoy()
    with a_wire(HOSTS, NAMES) as made:
        skip_unless_runnable(PROXY_UID, envoy, "--version")
        origin = folder / "origin.git"
        git(folder, "init", "--bare", "--initial-branch=main", str(origin))
        put(origin, {"mesh.yaml": text(*mesh())})
        serve = ("--listen", _XDS, "--insecure-listen", "--poll", "0.1")
        with Server(origin, *serve, within=made["server"].within) as server:
            server.wait_for("ready")
            for name, places in APPS.items():
                made[name].app(name, *places)
            clients = (made["web"].client(), made["web"].client(uid=PROXY_UID))
            town = Town(origin, server, made, *clients, made["outside"].client())
            for node in NODES:
                town.intercept(node)
                _start_envoy(made[node], node, envoy, folder)
                town.admins[node] = made[node].client()
            for node in NODES:
                _wait_until_ready(town.admins[node], folder / f"{node}.log")
            yield town


def _start_envoy(namespace: Namespace, node: str, envoy: str, folder: Path) -> None:
    key = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", node)
    config = bootstrap(identity=ProxyIdentity(key), xds_address=_XDS, admin_address=_ADMIN)
    flags = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warn")
    # Given as text: the user that Envoy runs as may not be able to read our files.
    namespace.start(
        *(envoy, "--config-yaml", json.dumps(config), *flags),
        uid=PROXY_UID,
        log=folder / f"{node}.log",
    )


def _wait_until_ready(admin: Client, log: Path) -> None:
    deadline = time.monotonic() + 20
    while admin.text(f"http://{_ADMIN}/ready") != "LIVE\n":
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
