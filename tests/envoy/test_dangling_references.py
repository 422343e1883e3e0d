"""Routes to what does not exist yet: a real Envoy answers 503 until it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mesh.keys import Kind, ResourceKey
from tests.api.conftest import Served, serve
from tests.support.apps import App, ask, serving
from tests.support.envoy import running
from tests.support.loopback import free_port, loopback_address
from tests.support.one_envoy import until
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = [pytest.mark.envoy, pytest.mark.timeout(180)]

MESH = "shop"
EGRESS, ENTRANCE = loopback_address(), loopback_address()
PORT = free_port()
HTTP = {"portMapping": {"port": PORT, "protocol": "http"}}
ROUTER = {"meshName": MESH, "virtualRouterName": "late"}
SERVICE = "late.local"


def node(hostname: str, *backends: str) -> dict[str, Any]:
    called = [{"virtualService": {"virtualServiceName": name}} for name in backends]
    discovery = {"dns": {"hostname": hostname}}
    return {"listeners": [HTTP], "serviceDiscovery": discovery, "backends": called}


def route(prefix: str, *nodes: str) -> dict[str, Any]:
    targets = [{"virtualNode": name, "weight": 1} for name in nodes]
    return {"httpRoute": {"match": {"prefix": prefix}, "action": {"weightedTargets": targets}}}


@contextmanager
def proxy(served: Served, folder: Path, key: ResourceKey, addresses: Explicit) -> Iterator[None]:
    folder.mkdir()
    identity = ProxyIdentity(key, addresses)
    admin = f"unix:{folder / 'admin'}"
    with running(
        bootstrap(identity=identity, xds_address=served.server.address, admin_address=admin), folder
    ):
        yield


def status(address: str, path: str = "/") -> int:
    """Return the status of an answer; 0 if nobody listens yet."""
    try:
        return ask(address, PORT, path, host=SERVICE).status
    except OSError:
        return 0


def test_routes_answer_503_until_what_they_refer_to_exists(tmp_path: Path) -> None:
    files = {"gitmesh.yaml": "root: shop\nallowDanglingReferences: true\n"}
    app = App("later", loopback_address(), PORT)
    served = serve(tmp_path, files=files)
    with served.server, serving(app):
        api: Any = served.client()
        api.create_virtual_router(**ROUTER, spec={"listeners": [HTTP]})
        api.create_route(**ROUTER, routeName="now", spec=route("/", "present"))
        api.create_route(**ROUTER, routeName="later", spec=route("/later", "present", "absent"))
        api.create_virtual_node(meshName=MESH, virtualNodeName="present", spec=node(app.address))
        provider = {"provider": {"virtualRouter": {"virtualRouterName": "late"}}}
        api.create_virtual_service(meshName=MESH, virtualServiceName=SERVICE, spec=provider)
        api.create_virtual_node(
            meshName=MESH, virtualNodeName="caller", spec=node("caller.local", SERVICE)
        )
        gateway = {"meshName": MESH, "virtualGatewayName": "late"}
        api.create_virtual_gateway(**gateway, spec={"listeners": [HTTP]})
        for name, prefix in ((SERVICE, "/there"), ("none.local", "/none")):
            target = {"virtualService": {"virtualServiceName": name}}
            spec = {"httpRoute": {"match": {"prefix": prefix}, "action": {"target": target}}}
            api.create_gateway_route(**gateway, gatewayRouteName=prefix[1:], spec=spec)

        caller = ResourceKey.of(Kind.VIRTUAL_NODE, MESH, "caller")
        entrance = ResourceKey.of(Kind.VIRTUAL_GATEWAY, MESH, "late")
        own = Explicit(loopback_address(), EGRESS, loopback_address())
        with (
            proxy(served, tmp_path / "caller", caller, own),
            proxy(served, tmp_path / "gateway", entrance, Explicit(ENTRANCE, loopback_address())),
        ):
            until(lambda: status(EGRESS, "/now") == 200)
            until(lambda: status(ENTRANCE, "/there") == 200)
            assert [status(EGRESS, "/later") for _ in range(10)] == [503] * 10
            assert status(ENTRANCE, "/none") == 503

            api.create_virtual_node(meshName=MESH, virtualNodeName="absent", spec=node(app.address))
            until(lambda: status(EGRESS, "/later") == 200)
            direct = {"provider": {"virtualNode": {"virtualNodeName": "present"}}}
            api.create_virtual_service(meshName=MESH, virtualServiceName="none.local", spec=direct)
            until(lambda: status(ENTRANCE, "/none") == 200)
