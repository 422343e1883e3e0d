"""Silent connections are ended in time and do not block others for long."""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.cluster.v3 import Cluster

from bench import frames
from events.types import CONNECTIONS_FULL, SourceDegraded, SourceRecovered
from tests.support.ads_client import METHOD, AdsClient, names
from tests.support.ads_server import key, serving
from tests.support.identities import Issuer
from tests.support.shop_xds import mesh
from xds.server import occupancy
from xds.server.settings import AdsSettings, TlsFiles
from xds.type_urls import CLUSTER

CART = str(key("cart"))
PATIENCE_S = 30.0
OPENING = frames.opening("xds", METHOD)
PREFACE = OPENING[: OPENING.rindex(b"\x83\x86") - frames.HEAD] + frames.SETTINGS_ACK
"""Everything before the call of a method."""
SAID = {"nothing": b"", "one byte": b"P", "HTTP/2 without a stream": PREFACE}


@contextlib.asynccontextmanager
async def connected(
    port: int, said: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        writer.write(said)
        yield reader
    finally:
        writer.close()


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait until the server has ended the connection."""
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 16):
                pass


class Town:
    """Files for TLS, and a client's way to use them."""

    def __init__(self, folder: Path) -> None:
        issuer = Issuer(folder, "one")
        server = issuer.issue("server", addresses=("127.0.0.1",))
        proxy = issuer.issue("proxy", uris=("spiffe://x/mesh/shop/virtualNode/cart",))
        self.files = TlsFiles(server.chain, server.key, issuer.bundle)
        self.context = ssl.create_default_context(cafile=str(issuer.bundle))
        self.context.load_cert_chain(proxy.chain, proxy.key)
        self.context.set_alpn_protocols(["h2"])


@pytest.mark.parametrize("said", SAID)
def test_a_silent_connection_is_ended(said: str) -> None:
    async def scenario() -> None:
        settings = AdsSettings(handshake_s=0.3, idle_connection_s=0.3, grace_s=0)
        async with serving(settings) as served:
            await served.first(cart=mesh("v1=1"))
            async with connected(served.port, SAID[said]) as reader:
                await ended(reader)

    asyncio.run(scenario())


@pytest.mark.parametrize("said", ["nothing at all", *SAID])
def test_a_silent_connection_with_tls_is_ended(tmp_path: Path, said: str) -> None:
    town = Town(tmp_path)

    async def scenario() -> None:
        settings = AdsSettings(handshake_s=1, idle_connection_s=0.3, grace_s=0, tls=town.files)
        async with serving(settings) as served:
            await served.first(cart=mesh("v1=1"))
            tls = town.context if said in SAID else None
            async with connected(served.port, SAID.get(said, b""), tls) as reader:
                await ended(reader)

    asyncio.run(scenario())


def test_a_connection_with_a_stream_may_be_silent_for_longer() -> None:
    async def scenario() -> None:
        settings = AdsSettings(handshake_s=0.3, idle_connection_s=0.3, grace_s=0)
        async with serving(settings) as served:
            await served.first(cart=mesh("v1=1"))
            async with AdsClient(served.port, CART) as proxy:
                await proxy.subscribe(CLUSTER)
                await asyncio.sleep(2)
                served.publish(cart=mesh("v2=1"))
                assert "v2" in names(await proxy.take(), Cluster)

    asyncio.run(scenario())


def test_connections_beyond_the_limit_end_at_once_which_is_told_and_others_get_in_later(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(occupancy, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(occupancy, "CALM_S", 0.2)
    most = 40

    async def scenario() -> None:
        settings = AdsSettings(handshake_s=5, max_connections=most, grace_s=0)
        async with serving(settings) as served:
            await served.first(cart=mesh("v1=1"))
            async with contextlib.AsyncExitStack() as stack:
                began = time.monotonic()
                silent = [
                    await stack.enter_async_context(connected(served.port)) for _ in range(most)
                ]
                async with connected(served.port) as reader:
                    await ended(reader)
                assert time.monotonic() - began < 5, "it should have ended at once"
                degraded = await served.event(SourceDegraded)
                assert isinstance(degraded, SourceDegraded)
                assert degraded.reason == CONNECTIONS_FULL
                assert degraded.message.startswith("there is no room for more than 40 connections")
                for reader in silent:
                    await ended(reader)
            async with AdsClient(served.port, CART) as proxy:
                await proxy.subscribe(CLUSTER)
                await served.event(SourceRecovered, reason=CONNECTIONS_FULL)

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    told = [record for record in caplog.records if record.name == "xds.server.occupancy"]
    assert [record.getMessage() for record in told] == [
        "there is no room for more connections: new ones are closed at once",
        "there is room for connections again",
    ]
    assert vars(told[0])["limit"] == most
