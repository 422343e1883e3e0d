"""A call that asks for it is answered when proxies have its commit."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import Served
from tests.api.test_tags import refused
from tests.support.ads_client import AdsClient
from tests.support.git import git
from xds.type_urls import CLUSTER

ROUTER = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}


def waiting(served: Served, how_long: str) -> Any:
    """Return a client whose calls ask for convergence."""
    client = served.client()

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["x-gitmesh-wait"] = how_long

    client.meta.events.register("before-call.app-mesh", add)
    return client


def headers(answer: Any) -> Any:
    return answer["ResponseMetadata"]["HTTPHeaders"]


def test_a_write_names_its_commit(client: Any, served: Served) -> None:
    made = client.create_virtual_router(meshName="shop", virtualRouterName="named", spec=ROUTER)
    assert headers(made)["x-gitmesh-commit"] == git(served.bare, "rev-parse", "main")
    assert "x-gitmesh-converged" not in headers(made)
    same = client.update_virtual_router(meshName="shop", virtualRouterName="named", spec=ROUTER)
    assert "x-gitmesh-commit" not in headers(same)


@pytest.mark.parametrize("how_long", ["", "0s", "61s", "soon", "-1s"])
def test_how_long_to_wait_has_bounds(served: Served, how_long: str) -> None:
    words = refused("BadRequestException", waiting(served, how_long).list_meshes)
    assert "from 1s to 60s" in words


def test_the_answer_waits_for_proxies(served: Served) -> None:
    port = int(served.server.address.rpartition(":")[2])
    names = {"meshName": "shop", "virtualNodeName": "cart-v2"}
    spec = served.client().describe_virtual_node(**names)["virtualNode"]["spec"]

    def update(how_long: str, hostname: str) -> Any:
        changed = {**spec, "serviceDiscovery": {"dns": {"hostname": hostname}}}
        return headers(waiting(served, how_long).update_virtual_node(**names, spec=changed))

    async def visit() -> None:
        async with AdsClient(port, "mesh/shop/virtualNode/web") as proxy:
            await proxy.subscribe(CLUSTER)
            call = asyncio.create_task(asyncio.to_thread(update, "60s", "one.local"))
            offered = await proxy.receive()
            assert not call.done()
            await proxy.send(CLUSTER, nonce=offered.nonce, version=offered.version_info)
            assert (await call)["x-gitmesh-converged"] == "true"
            late = await asyncio.to_thread(update, "1s", "two.local")
            assert late["x-gitmesh-converged"] == "false"

    asyncio.run(visit())
