"""Clients that open streams and reset them keep nobody out, and cost little."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Self

import grpc
import pytest

from bench import frames
from events.types import STREAMS_RESET, SourceDegraded, SourceRecovered
from tests.support.ads_client import METHOD, AdsClient
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import mesh
from xds.delivery.stream_facts import Full
from xds.server.discovery import _Discovery
from xds.server.limits import arrivals, resets
from xds.server.limits.arrivals import Arrivals
from xds.server.limits.resets import Resets
from xds.server.settings import AdsSettings
from xds.type_urls import CLUSTER

CART = str(key("cart"))
OPENING = frames.opening("xds", METHOD)
AT: int = OPENING.rindex(b"\x83\x86")
CALL = OPENING[AT:]
"""The header block of a call."""
_CANCEL = (8).to_bytes(4, "big")


class Flood:
    """A connection on which streams are opened and reset, and nothing is awaited."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._number = 1
        self.refused = 0
        """Streams that gRPC itself refused."""

    @classmethod
    async def on(cls, port: int) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(OPENING[: AT - frames.HEAD] + frames.SETTINGS_ACK)
        return cls(reader, writer)

    async def open(self, streams: int, *, reset: bool = True, path: bytes = CALL) -> None:
        """Open that many streams, and reset each before it asks for anything."""
        for _ in range(streams):
            self._writer.write(frames.frame(frames.HEADERS, 4, self._number, path))
            if reset:
                self._writer.write(frames.frame(frames.RST_STREAM, 0, self._number, _CANCEL))
            self._number += 2
        await self._writer.drain()

    async def read(self, for_s: float) -> None:
        """Read what comes, for so long."""
        try:
            async with asyncio.timeout(for_s):
                while head := await self._reader.readexactly(frames.HEAD):
                    await self._reader.readexactly(int.from_bytes(head[:3], "big"))
                    self.refused += head[3] == frames.RST_STREAM
        except (TimeoutError, asyncio.IncompleteReadError):
            pass

    def close(self) -> None:
        self._writer.close()


def run(body: Callable[[Served], Awaitable[None]], settings: AdsSettings | None = None) -> None:
    async def scenario() -> None:
        async with serving(settings or AdsSettings(grace_s=0)) as served:
            await served.first(cart=mesh("v1=1"))
            await body(served)

    asyncio.run(scenario())


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what Python has to do."""
    counts = Counter[str]()
    serve = _Discovery._serve

    async def counted(self: _Discovery, *args: object) -> None:
        counts["taken"] += 1
        await serve(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(_Discovery, "_serve", counted)
    return counts


def test_reset_streams_of_a_connection_do_not_pile_up(taken: Counter[str]) -> None:
    async def body(served: Served) -> None:
        flood = await Flood.on(served.port)
        for _ in range(40):
            await flood.open(500)
        began = time.monotonic()
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
        assert time.monotonic() - began < 3
        await flood.read(0.5)
        flood.close()

    run(body)
    settings = AdsSettings()
    assert taken["taken"] < 3 * settings.streams_of_connection, "gRPC refuses all others"


def test_streams_that_were_reset_do_not_count_against_those_of_others() -> None:
    async def body(served: Served) -> None:
        flood = await Flood.on(served.port)
        for _ in range(20):
            await flood.open(1)
            await asyncio.sleep(0.01)
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
        flood.close()

    run(body, AdsSettings(new_streams_per_s=0.001, new_streams_at_once=10, grace_s=0))


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_streams_of_a_connection_beyond_its_rate_wait_and_the_server_can_end(
    taken: Counter[str], reset: bool, known: bool
) -> None:
    path = CALL if known else CALL.replace(b"StreamAggregated", b"StreamSomethings")
    assert (path == CALL) is known

    async def body(served: Served) -> None:
        flood = await Flood.on(served.port)
        began = time.monotonic()
        while time.monotonic() - began < 1:
            await flood.open(20, reset=reset, path=path)
            await flood.read(0.02)
        assert flood.refused > 100, "by gRPC, because those before hold their places"
        flood.close()

    settings = AdsSettings(
        streams_of_connection=10,
        new_streams_of_connection_per_s=5,
        new_streams_of_connection_at_once=10,
        grace_s=0,
    )
    began = time.monotonic()
    run(body, settings)
    assert taken["taken"] <= 50
    assert time.monotonic() - began < arrivals.LONGEST_S, "it does not wait for those it holds"


def test_a_connection_gets_its_rate_and_others_do_not_wait_for_it() -> None:
    now = 100.0
    settings = AdsSettings(new_streams_of_connection_per_s=2, new_streams_of_connection_at_once=3)

    async def scenario() -> None:
        nonlocal now
        made = Arrivals(settings)
        waits = [made._delay("one", now) for _ in range(5)]
        assert waits == [0, 0, 0, 0.5, 1.0]
        assert made._delay("other", now) == 0
        for _ in range(100):
            assert made._delay("one", now) <= arrivals.LONGEST_S
        now += arrivals.LONGEST_S + 2
        assert made._delay("one", now) == 0, "what came meanwhile is not held against it for ever"
        now += 60
        made._delay("third", now)
        assert list(made._buckets) == ["third"], "connections that are quiet are forgotten"

    asyncio.run(scenario())


def test_no_more_than_so_many_streams_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_HELD", 5)
    refusals: list[str] = []

    async def body(served: Served) -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel:
            calls = [channel.stream_stream(METHOD)() for _ in range(10)]
            for call in calls:
                if await asyncio.wait({asyncio.ensure_future(call.code())}, timeout=0.3) and (
                    call.done()
                ):
                    refusals.append(await call.details())
            for call in calls:
                call.cancel()

    settings = AdsSettings(
        new_streams_of_connection_per_s=0.01, new_streams_of_connection_at_once=2, grace_s=0
    )
    run(body, settings)
    assert refusals == ["too many new streams at once; retry in a second"] * 3


class Told(list[Full]):
    """Keeps the facts that it is told."""

    def report(self, fact: Full) -> None:
        self.append(fact)


def test_resets_are_told_in_sum(caplog: pytest.LogCaptureFixture) -> None:
    facts = Told()
    told = Resets(facts)  # type: ignore[arg-type]

    def reset(peer: str, times: int) -> None:
        for _ in range(times):
            told.count(peer)

    reset("a", 5)
    told.look(1.0)
    told.look(1.0 + resets.CALM_S)
    assert not facts
    assert not caplog.records, "a proxy may end a stream early"
    reset("a", 70)
    reset("b", 90)
    told.look(100.0)
    (begun,) = facts
    assert begun.reason == STREAMS_RESET
    assert begun.words.startswith("b and 1 other connections open streams and reset them")
    for second in range(101, 150):
        reset("a", 1_000)
        told.look(float(second))
    assert len(caplog.records) == 1
    (line,) = caplog.records
    counted = {name: vars(line)[name] for name in ("count", "connections", "most_by", "of_it")}
    assert counted == {"count": 160, "connections": 2, "most_by": "b", "of_it": 90}
    told.look(150.0 + resets.CALM_S)
    assert facts[1:] == [Full("", STREAMS_RESET)]
    assert vars(caplog.records[-1])["count"] == 49_000
    assert told.total == 5 + 160 + 49_000


def test_a_flood_is_an_event_until_it_is_over(
    taken: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resets, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(resets, "CALM_S", 0.3)
    caught: list[object] = []

    async def body(served: Served) -> None:
        flood = await Flood.on(served.port)
        await flood.open(150, reset=False)
        while taken["taken"] < 150:
            await flood.read(0.02)
        flood.close()
        caught.append(await served.event(SourceDegraded))
        caught.append(await served.event(SourceRecovered))

    run(body, AdsSettings(new_streams_of_connection_at_once=1_000, grace_s=0))
    degraded, recovered = caught
    assert isinstance(degraded, SourceDegraded)
    assert isinstance(recovered, SourceRecovered)
    assert degraded.reason == recovered.reason == STREAMS_RESET
    assert "127.0.0.1" in degraded.message
