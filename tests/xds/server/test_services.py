"""Every discovery service over real gRPC: both variants, aggregated and per type."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import Secret

from tests.support.ads_client import AdsClient, DeltaClient
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import mesh
from xds.server.discovery import AdsSettings
from xds.server.services import SERVICES
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, TypeUrl

CART = str(key("cart"))
NAMED = {ENDPOINT: ["v1"], ROUTE: ["routes"], SECRET: ["certificate"]}
WITH_SECRET = {**mesh("v1=1"), SECRET: (Secret(name="certificate"),)}
Scenario = Callable[[Served], Awaitable[None]]

ALONE = [
    pytest.param(f"/{service}/{name}", method.type_url, method.delta, id=name)
    for service, methods in SERVICES.items()
    for name, method in methods.items()
    if method.type_url is not None
]


def run(scenario: Scenario, settings: AdsSettings | None = None) -> None:
    async def body() -> None:
        async with serving(settings) as served:
            await scenario(served)

    asyncio.run(body())


def test_five_types_have_a_service_each_in_both_variants() -> None:
    assert len(ALONE) == 10
    assert {case.values[1] for case in ALONE} == {CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET}


@pytest.mark.parametrize(("path", "type_url", "delta"), ALONE)
@pytest.mark.parametrize("said", [True, False], ids=["type said", "type left out"])
def test_a_type_is_served_alone(path: str, type_url: TypeUrl, delta: bool, said: bool) -> None:
    asked = type_url if said else ""
    wanted = NAMED.get(type_url, [])

    async def scenario(served: Served) -> None:
        commit = await served.first(cart=WITH_SECRET)
        if delta:
            async with DeltaClient(served.port, CART, path) as client:
                await client.ask(asked, *wanted)
                told = await client.told()
                assert told.type_url == type_url
                assert told.control_plane is not None
                assert told.control_plane.identifier == f"gitmesh/{commit}"
                assert [r.resource.type_url for r in told.resources if r.resource] == [type_url]
                await client.ask(asked, nonce=told.nonce)
                await client.silence()
            return
        async with AdsClient(served.port, CART, path) as plain:
            await plain.send(asked, *wanted)
            response = await plain.receive()
            assert response.type_url == type_url
            assert response.control_plane is not None
            assert response.control_plane.identifier == f"gitmesh/{commit}"
            assert [packed.type_url for packed in response.resources] == [type_url]
            await plain.send(asked, *wanted, nonce=response.nonce, version=response.version_info)
            await plain.silence()

    run(scenario)


@pytest.mark.parametrize(("path", "type_url", "delta"), ALONE)
def test_another_type_than_the_services_own_is_refused(
    path: str, type_url: TypeUrl, delta: bool
) -> None:
    other = ROUTE if type_url == CLUSTER else CLUSTER

    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        client: AdsClient
        async with (DeltaClient if delta else AdsClient)(served.port, CART, path) as client:
            await (client.ask(other) if isinstance(client, DeltaClient) else client.send(other))
            code, words = await client.ending()
            assert code == "INVALID_ARGUMENT"
            assert type_url in words

    run(scenario)


@pytest.mark.parametrize("path", [case.values[0] for case in ALONE if case.values[1] == ROUTE])
def test_a_client_of_one_type_that_comes_back_waits_for_no_other_type(path: str) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        if "Delta" in str(path):
            async with DeltaClient(served.port, CART, str(path)) as client:
                await client.ask(ROUTE, "routes", had={"routes": "old"})
                assert (await client.told(within_s=2)).resources[0].name == "routes"
            return
        async with AdsClient(served.port, CART, str(path)) as plain:
            await plain.send(ROUTE, "routes", version="old")
            assert len((await plain.receive(within_s=2)).resources) == 1

    run(scenario, AdsSettings(ack_wait_s=60, grace_s=0))


@pytest.mark.parametrize(
    "path",
    [
        "/envoy.service.runtime.v3.RuntimeDiscoveryService/StreamRuntime",
        "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
    ],
)
def test_a_service_with_nothing_to_say_is_told_not_to_be_there(path: str) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART, path) as client:
            assert (await client.ending())[0] == "UNIMPLEMENTED"

    run(scenario)


def test_a_delta_client_is_served_and_a_new_commit_reaches_it_in_the_safe_order() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with DeltaClient(served.port, CART) as proxy:
            await proxy.ask(CLUSTER)
            assert [r.name for r in (await proxy.took()).resources] == ["v1"]
            await proxy.ask(ENDPOINT, "v1")
            await proxy.took()
            await proxy.ask(LISTENER)
            await proxy.took()
            await proxy.ask(ROUTE, "routes")
            await proxy.took()
            second = served.publish(cart=mesh("v2=1"))
            added = await proxy.took()
            assert (added.type_url, [r.name for r in added.resources]) == (CLUSTER, ["v2"])
            assert added.control_plane is not None
            assert added.control_plane.identifier == f"gitmesh/{second}"
            moved = await proxy.took()
            assert moved.type_url == ROUTE
            gone = await proxy.told()
            assert (gone.type_url, gone.removed_resources) == (CLUSTER, ["v1"])

    run(scenario, AdsSettings(linger_s=0.05, grace_s=0))


def test_a_delta_client_that_comes_back_to_another_server_is_sent_nothing_it_has() -> None:
    had: dict[str, dict[str, str]] = {}
    asked = {CLUSTER: [], ENDPOINT: ["v1"], LISTENER: [], ROUTE: ["routes"]}

    async def first(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with DeltaClient(served.port, CART) as proxy:
            for type_url, wanted in asked.items():
                await proxy.ask(type_url, *wanted)
                had[type_url] = {r.name: r.version for r in (await proxy.took()).resources}

    async def second(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with DeltaClient(served.port, CART) as proxy:
            for type_url, wanted in asked.items():
                await proxy.ask(type_url, *wanted, had=had[type_url])
            await proxy.silence(0.3)

    run(first)
    run(second)
    assert all(had.values())
