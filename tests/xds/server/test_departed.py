"""State that disconnected proxies leave behind does not grow with their number."""

import asyncio
import gc
from collections import Counter

from tests.support.ads_client import AdsClient, DeltaClient
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import mesh
from xds.server.discovery import AdsSettings
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE

NODES = 6
SETTINGS = AdsSettings(grace_s=0.0, ack_wait_s=0.1, linger_s=0.05)
OURS = ("xds.", "events.")
REMEMBERED = ("xds.wire.decode.",)
"""What many say in the same bytes is read once: a thousand requests are remembered."""
OF_STREAMS = {
    "xds.server.stream.Stream",
    "xds.protocol.session.Session",
    "xds.protocol.rollout.Rollout",
    "xds.protocol.sotw_watch.Watch",
    "xds.protocol.delta_watch.DeltaWatch",
    "xds.protocol.response.Flight",
    "xds.server.limits.admission.AdmittedStream",
    "xds.delivery.proxy_status._ProxyStatus",
    "xds.delivery.stream_facts.Connected",
    "xds.delivery.stream_facts.Refused",
}


def ours() -> Counter[str]:
    """Count the objects of our classes that are alive."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    return Counter(n for n in names if n.startswith(OURS) and not n.startswith(REMEMBERED))


async def take_all_and_leave(port: int, node: str) -> None:
    async with AdsClient(port, node) as proxy:
        await proxy.subscribe(CLUSTER)
        await proxy.subscribe(ENDPOINT, "v1")
        await proxy.subscribe(LISTENER)
        await proxy.subscribe(ROUTE, "routes")


async def take_all_by_delta_and_leave(port: int, node: str) -> None:
    async with DeltaClient(port, node) as proxy:
        for type_url, asked in ((CLUSTER, ()), (LISTENER, ()), (ROUTE, ("routes",))):
            await proxy.ask(type_url, *asked)
            await proxy.took()


async def refuse_and_leave(port: int, node: str) -> None:
    async with AdsClient(port, node) as proxy:
        await proxy.send(CLUSTER)
        await proxy.refuse("not these")
        await proxy.silence()


async def leave_an_answer_unread(port: int, node: str) -> None:
    async with AdsClient(port, node) as proxy:
        await proxy.send(CLUSTER)
        await proxy.receive()


async def come_and_go(served: Served) -> None:
    """Let proxies of every node, and of nodes that do not exist, come, do anything, and leave."""
    for number in range(NODES):
        node = str(key(f"n{number}"))
        await take_all_and_leave(served.port, node)
        await take_all_by_delta_and_leave(served.port, node)
        await refuse_and_leave(served.port, node)
        await leave_an_answer_unread(served.port, node)
        async with AdsClient(served.port, str(key(f"unknown-{number}"))) as held:
            await held.send(CLUSTER)
            await held.silence(0.02)
    await nobody_is_left()
    served.events.clear()


async def nobody_is_left() -> None:
    """Wait until nothing is left of streams, in vain if something is."""
    for _ in range(500):
        if not OF_STREAMS & ours().keys():
            break
        await asyncio.sleep(0.02)


def test_nothing_of_a_proxy_stays_when_it_has_left_and_a_second_round_takes_no_more() -> None:
    async def scenario() -> None:
        async with serving(SETTINGS) as served:
            await served.first(**{f"n{number}": mesh("v1=1") for number in range(NODES)})
            async with AdsClient(served.port, str(key("n0"))) as one:
                await one.subscribe(CLUSTER)
                # Else the sets would be empty whatever stayed.
                assert ours().keys() >= {
                    "xds.server.stream.Stream",
                    "xds.delivery.proxy_status._ProxyStatus",
                }
            await come_and_go(served)
            first = ours()
            assert not OF_STREAMS & first.keys(), OF_STREAMS & first.keys()
            await come_and_go(served)
            # Events of those who left last may be recorded a moment later.
            for _ in range(500):
                served.events.clear()
                if ours() - first == Counter():
                    break
                await asyncio.sleep(0.02)
            assert ours() - first == Counter()

    asyncio.run(scenario())


def test_who_leaves_without_an_answer_is_not_held_on_to_until_the_answer_is_overdue() -> None:
    async def scenario() -> None:
        async with serving(AdsSettings(grace_s=0.0, ack_wait_s=1_000.0)) as served:
            await served.first(n0=mesh("v1=1"))
            await leave_an_answer_unread(served.port, str(key("n0")))
            await nobody_is_left()
            assert not OF_STREAMS & ours().keys()

    asyncio.run(scenario())
