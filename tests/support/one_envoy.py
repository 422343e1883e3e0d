"""One Envoy that is several proxies, each with its own translation, and its statistics."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh.canonical import Json
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.problems.problem import Severity
from tests.support import name_server
from tests.support.envoy import running, static_bootstrap, wait_until_ready
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import MESH
from xds.bootstrap.envoy import SDS_SOCKET, bootstrap
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import translate

_ADMIN = free_port()


@dataclass(frozen=True)
class OneEnvoy:
    """The administration interface of a running Envoy."""

    address: str

    def stats(self, pattern: str) -> dict[str, int]:
        """Return the statistics with names like this."""
        found = self._get(f"/stats?format=json&filter={pattern}")["stats"]
        return {each["name"]: each["value"] for each in found if "name" in each}

    def hosts(self, cluster: str) -> dict[str, set[str]]:
        """Return Envoy's health flags of each host of a cluster, by address."""
        every = self._get("/clusters?format=json")["cluster_statuses"]
        [found] = [each for each in every if each["name"] == cluster]
        return {
            host["address"]["socket_address"]["address"]: {
                flag for flag, set_ in host["health_status"].items() if set_ is True
            }
            for host in found.get("host_statuses", ())
        }

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection(self.address, _ADMIN, timeout=5)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


def node(name: str, addresses: Explicit, *, mesh: str = MESH) -> ProxyIdentity:
    return ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name), addresses)


def gateway(name: str, addresses: Explicit, *, mesh: str = MESH) -> ProxyIdentity:
    return ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_GATEWAY, mesh, name), addresses)


@contextmanager
def one_envoy(
    folder: Path,
    graph: MeshGraph,
    proxies: Sequence[ProxyIdentity],
    *,
    names_at: str = "",
    sds_socket: str = SDS_SOCKET,
    listeners: Sequence[Json] = (),
) -> Iterator[OneEnvoy]:
    """Run an Envoy that is these proxies until the end of the block.

    It uses the DNS server at ``names_at``, and has additional listeners.
    """
    wrong = [each for each in graph.problems if each.severity is Severity.ERROR]
    assert wrong == []
    admin = loopback_address()
    config: Any = static_bootstrap(
        [translate(graph, proxy) for proxy in proxies],
        admin=(admin, _ADMIN),
        sds_socket=sds_socket,
    )
    config["static_resources"]["listeners"] += listeners
    if names_at:
        asking = bootstrap(
            identity=proxies[0],
            xds_address="127.0.0.1:1",
            dns_resolvers=[f"{names_at}:{name_server.PORT}"],
        )
        config["typed_dns_resolver_config"] = asking["typed_dns_resolver_config"]
    with running(config, folder):
        wait_until_ready(admin, _ADMIN, folder)
        yield OneEnvoy(admin)


def until(so: Callable[[], object], *, seconds: float = 60, why: object = "") -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, why or "it did not come about"
        time.sleep(0.02)
