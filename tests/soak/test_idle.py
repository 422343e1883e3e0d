"""Idle proxies stay connected for longer than every timer of both sides."""

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest

from events.encoding.codec import decode
from events.opening import open_for_reading
from events.types import Chain, ProxyConnected, ProxyDisconnected
from gitmesh.queries.log_location import log_path
from tests.support.ads_client import METHOD
from tests.support.ads_server import Served, key, serving
from tests.support.envoy import running
from tests.support.git import Repo
from tests.support.loopback import loopback_address
from tests.support.meshes import a_mesh, a_node, a_service
from tests.support.proxyless_town import NODE, PORT, Caller
from tests.support.server import Server
from tests.support.shop_xds import mesh
from tests.support.specs import text
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, parse_identity
from xds.server.settings import AdsSettings
from xds.type_urls import CLUSTER
from xds.wire.encode import encode

pytestmark = pytest.mark.envoy

SOAK_S = float(os.environ.get("SOAK_S", "600"))
EACH = 20
"""How many Envoys, and how many clients of grpcio."""
CART = str(key("cart"))


def comings(events: list[Any]) -> tuple[int, list[str]]:
    """Return how many proxies came, and why some went."""
    came = sum(isinstance(event, ProxyConnected) for event in events)
    return came, [event.reason for event in events if isinstance(event, ProxyDisconnected)]


@asynccontextmanager
async def envoy(served: Served, folder: Path, interval: str) -> AsyncIterator[None]:
    """Run an Envoy that pings so often."""
    identity = parse_identity(CART, {})
    config: Any = bootstrap(
        identity=identity,
        xds_address=f"127.0.0.1:{served.port}",
        admin_address=f"unix:{folder / 'admin'}",
    )
    options = config["static_resources"]["clusters"][0]["typed_extension_protocol_options"]
    (made,) = options.values()
    pings = made["explicit_http_config"]["http2_protocol_options"]["connection_keepalive"]
    pings["interval"] = interval
    with ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, running(config, folder))
        try:
            yield
        finally:
            await asyncio.to_thread(stack.close)


@asynccontextmanager
async def grpcio(served: Served, interval_ms: int) -> AsyncIterator[None]:
    """Run a client of grpcio that pings so often."""
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.keepalive_time_ms", interval_ms),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}", options) as channel:
        call = channel.stream_stream(METHOD)()
        await call.write(encode(DiscoveryRequest(node=Node(id=CART), type_url=CLUSTER)))
        await call.read()
        yield
        call.cancel()


def test_idle_proxies_stay_when_every_timer_is_short(tmp_path: Path) -> None:
    settings = AdsSettings(
        min_ping_interval_s=0.1,
        keepalive_s=0.5,
        keepalive_timeout_s=20,
        first_request_s=1.5,
        grace_s=0,
    )

    folders = [tmp_path / "1", tmp_path / "2"]
    for folder in folders:
        folder.mkdir()

    async def scenario() -> None:
        async with serving(settings) as served, AsyncExitStack() as stack:
            await served.first(cart=mesh("v1=1"))
            for folder in folders:
                await stack.enter_async_context(envoy(served, folder, "0.3s"))
                await stack.enter_async_context(grpcio(served, 300))
            began = time.monotonic()
            while comings(served.events)[0] < 4 and time.monotonic() < began + 60:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.sleep(5)
            assert comings(served.events) == (4, [])

    asyncio.run(scenario())


@pytest.mark.soak
@pytest.mark.timeout(SOAK_S + 300)
def test_20_envoys_and_20_clients_of_grpcio_do_not_come_again(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    address = loopback_address()
    shop = (
        a_mesh(),
        a_node("web", backends=["v1.local"]),
        a_node("v1", (PORT, "grpc"), hostname=address),
        a_service("v1.local", node="v1"),
    )
    repo.commit_and_push({"shop.yaml": text(*shop)})
    with Server(repo.origin) as server, ExitStack() as stack:
        for number in range(EACH):
            folder = tmp_path / str(number)
            folder.mkdir()
            own = Explicit(loopback_address(), loopback_address(), loopback_address())
            config = bootstrap(
                identity=dataclasses.replace(parse_identity(NODE, {}), addressing=own),
                xds_address=server.address,
                admin_address=f"unix:{folder / 'admin'}",
            )
            stack.enter_context(running(config, folder))
            caller = Caller(server.address)
            stack.callback(caller.close)
            caller.call("v1.local")
        log = log_path(repo.origin)
        server.wait_until(lambda: _told(log)[0] == 2 * EACH)
        began = time.monotonic()
        while (lasted := time.monotonic() - began) < SOAK_S:
            time.sleep(min(10.0, SOAK_S))
            came, went = _told(log)
            print(f"{lasted:.0f} s: {came} connections came, {len(went)} went")
            assert (came, went) == (2 * EACH, [])
        print(f"{EACH} Envoys and {EACH} clients of grpcio, {lasted:.0f} s: no reconnect")


def _told(log: Path) -> tuple[int, list[str]]:
    with open_for_reading(log) as reading:
        return comings([decode(record) for record in reading.read(Chain.DELIVERY)])
