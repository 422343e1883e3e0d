"""Admission control: limits of streams and requests, as rules and at the real server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Self

import pytest
from envoy_data_plane.envoy.config.cluster.v3 import Cluster

from events.types import ProxyDisconnected
from tests.support.ads_client import AdsClient, DeltaClient, names
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import mesh
from xds.nodes import ProxyIdentity
from xds.server.limits.admission import Admission, LimitReached
from xds.server.settings import AdsSettings
from xds.token_bucket import TokenBucket
from xds.type_urls import CLUSTER, ENDPOINT

CART, WEB = str(key("cart")), str(key("web"))


def run(settings: AdsSettings, scenario: Callable[[Served], Awaitable[None]]) -> None:
    async def body() -> None:
        async with serving(settings) as served:
            await served.first(cart=mesh("v1=1"), web=mesh("v1=1"))
            await scenario(served)

    asyncio.run(body())


# ---- the rules -----------------------------------------------------------------------------------


def test_a_bucket_lets_a_crowd_in_at_once_and_then_so_many_a_second() -> None:
    bucket = TokenBucket(rate=10, at_once=3, now=0.0)
    assert [bucket.try_take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.try_take(0.1) for _ in range(2)] == [True, False]
    assert [bucket.try_take(100.0) for _ in range(4)] == [True, True, True, False]


def test_whoever_takes_more_than_there_is_waits_for_it() -> None:
    bucket = TokenBucket(rate=10, at_once=2, now=0.0)
    assert bucket.take(2, 0.0) == 0
    assert bucket.take(1, 0.0) == pytest.approx(0.1)
    assert bucket.take(1, 0.1) == pytest.approx(0.1)
    assert bucket.take(1, 100.0) == 0


def test_a_storm_of_2000_proxies_is_let_in_by_default() -> None:
    admission = Admission(AdsSettings(), 0.0)
    for number in range(2000):
        admission.open(None, 0.0).admit(ProxyIdentity(key(f"node-{number % 40}")))
    assert admission.streams == 2000


def test_those_beyond_the_rate_are_told_to_come_again_and_take_no_place() -> None:
    admission = Admission(AdsSettings(new_streams_per_s=10, new_streams_at_once=2), 0.0)
    admission.open(None, 0.0)
    admission.open(None, 0.0)
    with pytest.raises(LimitReached, match="retry in a second"):
        admission.open(None, 0.0)
    assert admission.streams == 2
    admission.open(None, 0.1)


def test_what_a_stream_took_is_given_back_when_it_ends() -> None:
    admission = Admission(AdsSettings(max_streams=1, max_streams_of_node=1), 0.0)
    for _ in range(3):
        admitted = admission.open(None, 0.0)
        with pytest.raises(LimitReached, match="1 streams are open"):
            admission.open(None, 0.0)
        admitted.admit(ProxyIdentity(key("cart")))
        admitted.close()
    assert (admission.streams, dict(admission.of_node)) == (0, {})


def test_long_requests_count_more() -> None:
    admitted = Admission(AdsSettings(requests_per_s=1, requests_at_once=20), 0.0).open(None, 0.0)
    assert admitted.delay(1 << 20, 0.0) == 0
    assert admitted.delay(61_000, 0.0) == 0
    assert admitted.delay(1 << 20, 0.0) == pytest.approx(15)


# ---- the server ----------------------------------------------------------------------------------


def test_streams_that_ask_for_nothing_keep_nobody_out() -> None:
    async def scenario(served: Served) -> None:
        async with AdsClient(served.port, CART) as silent:
            assert await silent.ending() == ("DEADLINE_EXCEEDED", "no request has come")
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            await proxy.silence(0.5)
            await proxy.subscribe(ENDPOINT, "v1")

    run(AdsSettings(max_streams=1, first_request_s=0.2, grace_s=0), scenario)


def test_streams_that_come_too_fast_are_refused_in_words() -> None:
    async def scenario(served: Served) -> None:
        async with AdsClient(served.port, CART) as one:
            await one.subscribe(CLUSTER)
            async with AdsClient(served.port, CART) as two:
                code, words = await two.ending()
                assert code == "RESOURCE_EXHAUSTED"
                assert "retry in a second" in words
            await one.subscribe(ENDPOINT, "v1")

    run(AdsSettings(new_streams_per_s=0.001, new_streams_at_once=1, grace_s=0), scenario)


def test_one_node_cannot_take_the_places_of_all_others() -> None:
    async def scenario(served: Served) -> None:
        async with AdsClient(served.port, CART) as first:
            await first.subscribe(CLUSTER)
            # Whatever else a proxy says of itself, it is of the same node.
            other = {"addressing": "explicit", "ingress": "127.0.0.2", "egress": "127.0.0.3"}
            async with AdsClient(served.port, CART, **other) as second:
                await second.send(CLUSTER)
                code, words = await second.ending()
                assert code == "RESOURCE_EXHAUSTED"
                assert f"1 streams of {CART} are open already" in words
            async with AdsClient(served.port, WEB) as web:
                assert names(await web.subscribe(CLUSTER), Cluster) == ["v1"]
        async with AdsClient(served.port, CART) as third:
            async with asyncio.timeout(10):
                await third.subscribe(CLUSTER)

    run(AdsSettings(max_streams_of_node=1, grace_s=0), scenario)


def test_a_stream_that_asks_for_too_many_names_is_ended() -> None:
    async def scenario(served: Served) -> None:
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            await proxy.send(ENDPOINT, *map(str, range(101)))
            code, words = await proxy.ending()
            assert code == "RESOURCE_EXHAUSTED"
            assert "a stream may subscribe to 100 names, not 101" in words

    run(AdsSettings(max_names=100, grace_s=0), scenario)


def test_a_delta_stream_cannot_ask_for_ever_more_names_little_by_little() -> None:
    async def scenario(served: Served) -> None:
        async with DeltaClient(served.port, CART) as proxy:
            await proxy.ask(ENDPOINT, *map(str, range(60)))
            await proxy.took()
            await proxy.ask(ENDPOINT, *map(str, range(60, 120)), drop=["0"])
            assert await proxy.ending() == (
                "RESOURCE_EXHAUSTED",
                "a stream may subscribe to 100 names, not 119",
            )

    run(AdsSettings(max_names=100, grace_s=0), scenario)


def test_a_stream_that_never_stops_asking_waits_and_no_other_does() -> None:
    async def scenario(served: Served) -> None:
        async with AdsClient(served.port, CART) as busy, AdsClient(served.port, WEB) as calm:
            await busy.subscribe(CLUSTER)
            began = time.monotonic()
            for number in range(30):
                await busy.send(CLUSTER, nonce="stale", version=str(number))
            await calm.subscribe(CLUSTER)
            served.publish(cart=mesh("v2=1"), web=mesh("v2=1"))
            assert "v2" in names(await calm.take(), Cluster)
            # What it is to be told it is told, however much it asks.
            assert "v2" in names(await busy.receive(), Cluster)
            await busy.send(ENDPOINT, "v1", "v2")
            assert (await busy.receive()).type_url == ENDPOINT
            assert time.monotonic() - began > 1.0, "its 32 requests are read at 20 a second"

    run(AdsSettings(requests_per_s=20, requests_at_once=5, grace_s=0, ack_wait_s=60), scenario)


def test_an_old_connection_is_closed_after_its_grace_and_the_next_one_is_served() -> None:
    async def scenario(served: Served) -> None:
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            code, _ = await proxy.ending()
            assert code == "UNAVAILABLE"
        async with AdsClient(served.port, CART) as proxy:
            assert names(await proxy.subscribe(CLUSTER), Cluster) == ["v1"]

    run(AdsSettings(max_connection_age_s=0.3, connection_grace_s=0.3, grace_s=0), scenario)


def test_connections_that_come_together_do_not_all_end_together() -> None:
    ages = list[float]()

    async def scenario(served: Served) -> None:
        async def one() -> None:
            async with AdsClient(served.port, CART) as proxy:
                await proxy.subscribe(CLUSTER)
                began = time.monotonic()
                await proxy.ending()
                ages.append(time.monotonic() - began)

        await asyncio.gather(*(one() for _ in range(20)))

    run(AdsSettings(max_connection_age_s=3, connection_grace_s=0.01, grace_s=0), scenario)
    assert min(ages) > 2
    # A tenth of it either way; that twenty of them fall into a third of that is next to impossible.
    assert max(ages) - min(ages) > 0.2


def test_a_proxy_that_is_gone_without_a_word_is_missed() -> None:
    async def scenario(served: Served) -> None:
        async with Cable(served.port) as cable, AdsClient(cable.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            cable.cut()
            gone = await served.event(ProxyDisconnected)
            assert isinstance(gone, ProxyDisconnected)
            assert gone.node == CART

    run(AdsSettings(keepalive_s=1, keepalive_timeout_s=1, grace_s=0), scenario)


class Cable:
    """A connection on the way to a port, which can be cut: then nothing comes, not even an end."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._to = port
        self._relays: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        for writer in self._writers:
            writer.close()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        for relay in self._relays:
            relay.cancel()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += [writer, forth]
        for source, target in ((reader, forth), (back, writer)):
            self._relays.append(asyncio.create_task(_relay(source, target)))


async def _relay(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
