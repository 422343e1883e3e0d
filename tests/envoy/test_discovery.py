"""Discovery of a node's instances: by DNS names, with either IP version, or from a document."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.apps import App, ask, serving
from tests.support.loopback import loopback_address
from tests.support.meshes import a_node, a_service, listeners, registered, resource
from tests.support.name_server import serving_names
from tests.support.one_envoy import node, one_envoy, until
from xds.nodes import Explicit

pytestmark = pytest.mark.envoy

MESHES = {
    "unsaid": "",
    "four": "IPv4_ONLY",
    "six": "IPv6_ONLY",
    "fourish": "IPv4_PREFERRED",
    "sixish": "IPv6_PREFERRED",
}
"""Meshes by what they prefer for their nodes."""
PREFERENCES = [each for each in MESHES.values() if each]
BOTH, V4, V6 = "both.test", "v4.test", "v6.test"
NAMES = {"both": BOTH, "v4": V4, "v6": V6}
MANY = "many.cloud.test"


@dataclass(frozen=True)
class Town:
    """A caller in each mesh."""

    port: int
    callers: dict[str, Explicit]

    def call(self, service: str, mesh: str = "unsaid") -> str | None:
        """Return who answers, None when nobody is found."""
        answer = ask(self.callers[mesh].egress, self.port, "/", host=service)
        assert (answer.app is None) == (answer.status == 503)
        return answer.app


def own(preference: str) -> JsonObject:
    return {"ipPreference": preference} if preference else {}


def by_name(mesh: str, name: str, port: int, hostname: str, **more: str) -> Resource:
    discovery: JsonObject = {"dns": {"hostname": hostname, **more}}
    return by_discovery(mesh, name, port, discovery)


def in_cloud_map(mesh: str, name: str, port: int, service: str, preference: str = "") -> Resource:
    found = {"namespaceName": "cloud.test", "serviceName": service, **own(preference)}
    return by_discovery(mesh, name, port, {"awsCloudMap": found})


def by_discovery(mesh: str, name: str, port: int, discovery: JsonObject) -> Resource:
    spec: JsonObject = {"listeners": listeners(port), "serviceDiscovery": discovery}
    return resource(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name), spec)


def nodes(port: int) -> list[Resource]:
    """Return the nodes of these tests; each provides the service of its own name."""
    response = {"balanced": "LOADBALANCER", "every": "ENDPOINTS"}
    return [
        # As the mesh says, unless the node does.
        *(by_name(mesh, found, port, NAMES[found]) for mesh in MESHES for found in NAMES),
        *(
            by_name("six", f"{found}-{prefers}", port, NAMES[found], ipPreference=prefers)
            for found in NAMES
            for prefers in PREFERENCES
        ),
        *(
            in_cloud_map(mesh, f"cloud-{found}", port, found)
            for mesh in ("unsaid", "six")
            for found in NAMES
        ),
        *(
            in_cloud_map("six", f"cloud-{found}-{prefers}", port, found, prefers)
            for found in NAMES
            for prefers in PREFERENCES
        ),
        *(
            by_name("unsaid", name, port, MANY, responseType=each)
            for name, each in response.items()
        ),
        by_name("unsaid", "unwritten", port, MANY),
        in_cloud_map("unsaid", "unregistered", port, "many"),
    ]


def meshes(port: int, addresses: dict[str, dict[str, str]]) -> list[Resource]:
    found = nodes(port)
    by_mesh = {name: [each.key.name for each in found if each.key.mesh == name] for name in MESHES}
    return [
        *(
            resource(
                ResourceKey.of_mesh(name),
                {"serviceDiscovery": own(preference)} if preference else {},
            )
            for name, preference in MESHES.items()
        ),
        *found,
        *(
            registered(service, instance, namespace="cloud.test", mesh=mesh)
            for mesh in ("unsaid", "six")
            for service, instance in addresses.items()
        ),
        *(
            a_service(service, node=service, mesh=mesh)
            for mesh, services in by_mesh.items()
            for service in services
        ),
        *(a_node("web", backends=services, mesh=mesh) for mesh, services in by_mesh.items()),
    ]


def free_port() -> int:
    """Return a port that nobody has on the only address of IPv6 that there is."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as found:
            return int(found.getsockname()[1])
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    port = free_port()
    apps = {name: App(name, loopback_address(), port) for name in ("v4", "one", "two")}
    v4 = apps["v4"].address
    names = {
        BOTH: [v4, "::1"],
        V4: [v4],
        V6: ["::1"],
        MANY: [apps["one"].address, apps["two"].address],
    }
    addresses = {
        "both": {"AWS_INSTANCE_IPV4": v4, "AWS_INSTANCE_IPV6": "::1"},
        "v4": {"AWS_INSTANCE_IPV4": v4},
        "v6": {"AWS_INSTANCE_IPV6": "::1"},
    }
    callers = {
        mesh: Explicit(loopback_address(), loopback_address(), loopback_address())
        for mesh in MESHES
    }
    folder: Path = tmp_path_factory.mktemp("discovery")
    server = loopback_address()
    with ExitStack() as stack:
        stack.enter_context(serving_names(names, server))
        stack.enter_context(serving(*apps.values(), App("v6", "::1", port)))
        stack.enter_context(
            one_envoy(
                folder,
                link(meshes(port, addresses)),
                [node("web", caller, mesh=mesh) for mesh, caller in callers.items()],
                names_at=server,
            )
        )
        yield Town(port, callers)


FOUND_BY_NAME = {
    "": ("v6", "v4", "v6"),
    "IPv4_ONLY": ("v4", "v4", None),
    "IPv6_ONLY": ("v6", None, "v6"),
    "IPv4_PREFERRED": ("v4", "v4", "v6"),
    "IPv6_PREFERRED": ("v6", "v4", "v6"),
}
"""Who is found of a node that has both versions, IPv4 alone, and IPv6 alone."""
FOUND_IN_CLOUD_MAP = {**FOUND_BY_NAME, "": ("v4", "v4", "v6")}


@pytest.mark.parametrize("mesh", MESHES)
def test_a_mesh_prefers_a_version_for_its_nodes_names(town: Town, mesh: str) -> None:
    assert tuple(town.call(name, mesh) for name in NAMES) == FOUND_BY_NAME[MESHES[mesh]]


@pytest.mark.parametrize("prefers", PREFERENCES)
def test_a_node_prefers_a_version_whatever_its_mesh_does(town: Town, prefers: str) -> None:
    found = tuple(town.call(f"{name}-{prefers}", "six") for name in NAMES)
    assert found == FOUND_BY_NAME[prefers]


@pytest.mark.parametrize("mesh", ["unsaid", "six"])
def test_a_mesh_prefers_a_version_among_what_is_registered(town: Town, mesh: str) -> None:
    found = tuple(town.call(f"cloud-{name}", mesh) for name in NAMES)
    assert found == FOUND_IN_CLOUD_MAP[MESHES[mesh]]


@pytest.mark.parametrize("prefers", PREFERENCES)
def test_a_node_in_cloud_map_prefers_a_version_whatever_its_mesh_does(
    town: Town, prefers: str
) -> None:
    found = tuple(town.call(f"cloud-{name}-{prefers}", "six") for name in NAMES)
    assert found == FOUND_IN_CLOUD_MAP[prefers]


@pytest.mark.parametrize(
    ("service", "apps"),
    [
        ("balanced", 1),  # The name is that of a load balancer: one of its addresses will do.
        ("unwritten", 1),
        ("every", 2),
        ("unregistered", 2),  # in Cloud Map, which no document tells of: ``many.cloud.test``
    ],
)
def test_a_name_is_one_load_balancer_or_every_endpoint(town: Town, service: str, apps: int) -> None:
    until(lambda: town.call(service) is not None)
    assert len({town.call(service) for _ in range(12)}) == apps
