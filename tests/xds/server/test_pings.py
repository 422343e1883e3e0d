"""Keepalive pings of clients: the accepted frequency."""

import asyncio
import json
import re
import time

from bench import frames
from tests.support.ads_client import METHOD
from tests.support.ads_server import Served, serving
from xds.bootstrap.envoy import bootstrap
from xds.nodes import parse_identity
from xds.server.settings import AdsSettings

PINGS = 12
"""gRPC forgives two that come too early."""


class Pinging:
    """A connection with one stream that asks for nothing, and pings."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.answered = 0
        self.sent_away = b""

    async def ping(self, interval_s: float) -> None:
        """Ping so often, until told to go away."""
        reading = asyncio.create_task(self._read())
        for number in range(PINGS):
            self._writer.write(frames.frame(frames.PING, 0, 0, number.to_bytes(8, "big")))
            await asyncio.wait([reading], timeout=interval_s)
        reading.cancel()
        self._writer.close()

    async def _read(self) -> None:
        while not self.sent_away:
            head = await self._reader.readexactly(frames.HEAD)
            payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
            kind, flags = head[3], head[4]
            if kind == frames.PING and flags & frames.ACK:
                self.answered += 1
            elif kind == frames.PING:
                self._writer.write(frames.pong(payload))
            elif kind == frames.SETTINGS and not flags & frames.ACK:
                self._writer.write(frames.SETTINGS_ACK)
            elif kind == frames.GOAWAY:
                self.sent_away = payload[8:]


def pinging(settings: AdsSettings, interval_s: float) -> Pinging:
    """Let a client ping a server with these settings so often; return what it was told."""

    async def body(served: Served) -> Pinging:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(frames.opening("xds", METHOD))
        client = Pinging(reader, writer)
        await client.ping(interval_s)
        return client

    async def scenario() -> Pinging:
        async with serving(settings) as served:
            await served.first()
            return await body(served)

    return asyncio.run(scenario())


def test_a_client_may_ping_as_often_as_the_settings_say() -> None:
    client = pinging(AdsSettings(min_ping_interval_s=0.02, grace_s=0), interval_s=0.1)
    assert client.sent_away == b""
    assert client.answered == PINGS


def test_a_client_that_pings_more_often_is_sent_away_in_words() -> None:
    client = pinging(AdsSettings(min_ping_interval_s=60, grace_s=0), interval_s=0.1)
    assert client.sent_away == b"too_many_pings"


def test_our_own_proxies_ping_less_often_than_the_server_allows() -> None:
    identity = parse_identity("mesh/shop/virtualNode/web", {})
    made = json.dumps(bootstrap(identity=identity, xds_address="127.0.0.1:1"))
    found = re.search(r'"connection_keepalive": {"interval": "(\d+)s"', made)
    assert found is not None
    assert int(found[1]) > AdsSettings().min_ping_interval_s


def test_a_client_that_answers_no_ping_is_dropped_in_time() -> None:
    async def scenario() -> float:
        async with serving(AdsSettings(keepalive_s=0.5, keepalive_timeout_s=0.5, grace_s=0)) as at:
            await at.first()
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            began = time.monotonic()
            writer.write(frames.opening("xds", METHOD) + frames.SETTINGS_ACK)
            while await reader.read(1 << 16):
                pass
            writer.close()
            return time.monotonic() - began

    assert asyncio.run(scenario()) < 20
