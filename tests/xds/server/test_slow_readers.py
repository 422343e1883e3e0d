"""Proxies that do not read cost others nothing, and hardly any memory."""

import asyncio
import gc
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.cluster.v3 import Cluster

from tests.support.ads_client import AdsClient, DeltaClient
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import Translation
from xds.server.settings import AdsSettings
from xds.snapshots.resources import Pool
from xds.type_urls import CLUSTER

CART, WEB = str(key("cart")), str(key("web"))
UPDATES = 300
READERS = 10
SIZE = 300_000
MOST_UNREAD_BYTES = 16 << 20
"""What a client's HTTP/2 window and the sockets hold: 4 MB as a rule."""
MOST_BYTES = 150 << 20
"""All updates to all readers are 900 MB; what their windows hold, in this process too, is 50 MB."""


def update(number: int) -> Translation:
    """Return one large cluster whose content tells its number."""
    return {CLUSTER: (Cluster(name="large", alt_stat_name=f"{number:09}" + "x" * SIZE),)}


def number_of(data: bytes) -> int:
    """Return the number of the update that a response holds."""
    at = data.index(b"x" * 100)
    return int(data[at - 9 : at])


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _asks(proxy: AdsClient) -> None:
    await (proxy.ask if isinstance(proxy, DeltaClient) else proxy.send)(CLUSTER)


async def _taken(proxy: AdsClient) -> None:
    await (proxy.took() if isinstance(proxy, DeltaClient) else proxy.take())


@pytest.mark.parametrize("speaks", [AdsClient, DeltaClient], ids=["S", "D"])
def test_proxies_that_never_read_delay_nobody_and_are_sent_the_latest_when_they_do(
    speaks: type[AdsClient],
) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=update(0), web=update(0))
        async with AsyncExitStack() as stack:
            deaf = [
                await stack.enter_async_context(speaks(served.port, CART)) for _ in range(READERS)
            ]
            for proxy in deaf:
                await _asks(proxy)
            # The one beside them is of their own node: the very same content is built for it.
            hearing = await stack.enter_async_context(speaks(served.port, CART))
            await _asks(hearing)
            await _taken(hearing)
            gc.collect()
            before = resident_bytes()
            most = 0
            for number in range(1, UPDATES + 1):
                served.publish(cart=update(number))
                await _taken(hearing)
                most = max(most, resident_bytes() - before)
            print(f"\n{UPDATES} updates, {READERS} deaf proxies: {most / (1 << 20):.1f} MB more")
            assert most < MOST_BYTES
            for proxy in deaf:
                await _catches_up(proxy)

    async def _catches_up(proxy: AdsClient) -> None:
        seen = list[int]()
        while not seen or seen[-1] < UPDATES:
            seen.append(number_of(await proxy.receive_bytes()))
        # What had left the server before it could send no more, then the newest, nothing between.
        *early, newest = seen
        assert newest == UPDATES
        assert early == list(range(len(early)))
        assert len(early) * SIZE < MOST_UNREAD_BYTES

    async def body() -> None:
        # Nobody waits long for an acknowledgement: it is reading alone that holds things up.
        settings = AdsSettings(ack_wait_s=0.001, linger_s=0.01, grace_s=0)
        # What was served lately is remembered whoever reads; it is not what this is about.
        async with serving(settings, Pool(recent_bytes=1)) as served:
            await scenario(served)

    asyncio.run(body())
