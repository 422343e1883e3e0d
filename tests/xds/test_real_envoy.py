"""A real Envoy on our server: it takes what it is sent, and no request fails while it changes."""

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal, get_args

import pytest

from events.types import DeliveryEvent, SnapshotConverged, SnapshotRejected
from tests.support import shop_xds
from tests.support.ads_server import Served, key, serving
from tests.support.envoy import running
from tests.support.loopback import free_port
from tests.support.shop_xds import Translation, eds_cluster, static_cluster
from xds.bootstrap.envoy import bootstrap
from xds.nodes import ProxyIdentity
from xds.server.discovery import AdsSettings
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE

pytestmark = pytest.mark.envoy


class Load:
    """Asks one port for pages without a pause, over connections that stay open."""

    def __init__(self, port: int) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._port = port

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ask all through the block; a connection that breaks is a failure too."""
        tasks = [asyncio.create_task(self._ask_for_ever()) for _ in range(4)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self.failures += [repr(e) for e in ends if not isinstance(e, asyncio.CancelledError)]

    async def until(self, *names: str) -> None:
        """Wait until applications of these names, and no others, answer."""
        async with asyncio.timeout(10):
            while True:
                self.answers.clear()
                await asyncio.sleep(0.05)
                if set(self.answers) == set(names):
                    return

    async def _ask_for_ever(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                # A listener that is replaced asks its clients to come again between two requests.
                while await self._ask(reader, writer):
                    pass
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = (await reader.readexactly(size)).decode()
        if " 200 " in head.partition("\r\n")[0]:
            self.answers[body] += 1
        else:
            self.failures.append(f"{head} {body}")
        await asyncio.sleep(0.001)
        return "connection: close" not in head


@asynccontextmanager
async def application(name: str) -> AsyncIterator[int]:
    """Run an application that answers with its name; give its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = name.encode()
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])


Variant = Literal["state of the world", "delta", "a stream for each type", "delta for each type"]
VARIANTS: Final = get_args(Variant)


@asynccontextmanager
async def envoy(
    served: Served,
    folder: Path,
    variant: Variant = "state of the world",
    change: Callable[[Any], None] = lambda config: None,
) -> AsyncIterator[None]:
    config: Any = bootstrap(
        identity=ProxyIdentity(key("cart")),
        xds_address=f"127.0.0.1:{served.port}",
        admin_address=f"unix:{folder / 'admin'}",
        delta="delta" in variant,
    )
    dynamic = config["dynamic_resources"]
    if "each type" in variant:
        # What a resource names it takes from the aggregated stream, as the resource says.
        for name in ("lds_config", "cds_config"):
            dynamic[name] = {
                "api_config_source": dynamic["ads_config"],
                "resource_api_version": "V3",
                "initial_fetch_timeout": "0s",
            }
    change(config)
    with ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, running(config, folder))
        try:
            yield
        finally:
            await asyncio.to_thread(stack.close)


async def port_opens(port: int) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


def shop(port: int, listener: tuple[str, str] | None = None, **apps: int) -> Translation:
    """Return a configuration that sends everything to applications with static endpoints."""
    stat, routes = listener or ("http", "shop")
    return {
        CLUSTER: tuple(static_cluster(name, apps[name]) for name in sorted(apps)),
        LISTENER: (shop_xds.http_listener("shop", port, routes, stat=stat),),
        ROUTE: (shop_xds.routes(routes, **dict.fromkeys(apps, 1)),),
    }


def discovered(port: int, *, connect_s: int = 1, **apps: int) -> Translation:
    """Return the same with endpoints that are asked for."""
    return {
        **shop(port, None, **apps),
        CLUSTER: tuple(eds_cluster(name, connect_s=connect_s) for name in sorted(apps)),
        ENDPOINT: tuple(shop_xds.assignment(name, apps[name]) for name in sorted(apps)),
    }


@pytest.mark.parametrize("variant", VARIANTS[:2])
def test_no_request_fails_while_clusters_routes_and_listeners_change(
    tmp_path: Path, variant: Variant
) -> None:
    async def scenario() -> None:
        async with (
            application("v1") as v1,
            application("v2") as v2,
            application("v3") as v3,
            serving(AdsSettings(linger_s=0.3, grace_s=0)) as served,
            envoy(served, tmp_path, variant),
        ):
            port = free_port()
            served.publish(cart=shop(port, v1=v1))
            await port_opens(port)
            load = Load(port)
            async with load.running():
                await load.until("v1")
                for translation, expected in (
                    (shop(port, v2=v2), ("v2",)),
                    (discovered(port, v3=v3), ("v3",)),
                    (discovered(port, connect_s=2, v3=v3), ("v3",)),
                    (discovered(port, v1=v1, v3=v3), ("v1", "v3")),
                    (discovered(port, v1=v2), ("v2",)),
                    (shop(port, v1=v1), ("v1",)),
                    (shop(port, ("other", "shop"), v2=v2), ("v2",)),
                    (shop(port, ("http", "renamed"), v3=v3, v1=v1), ("v1", "v3")),
                ):
                    commit = served.publish(cart=translation)
                    await converged(served, commit)
                    await load.until(*expected)
            assert load.failures == []
            assert not [e for e in served.events if isinstance(e, SnapshotRejected)]

    asyncio.run(scenario())


@pytest.mark.parametrize("variant", VARIANTS[2:])
def test_an_envoy_with_a_stream_for_each_type_arrives_at_every_commit(
    tmp_path: Path, variant: Variant
) -> None:
    async def scenario() -> None:
        async with (
            application("v1") as v1,
            application("v2") as v2,
            serving(AdsSettings(linger_s=0.3, grace_s=0)) as served,
            envoy(served, tmp_path, variant),
        ):
            port = free_port()
            served.publish(cart=shop(port, v1=v1))
            await port_opens(port)
            load = Load(port)
            async with load.running():
                await load.until("v1")
                for translation, expected in (
                    (discovered(port, v2=v2), "v2"),
                    (discovered(port, v1=v1), "v1"),
                    (shop(port, ("http", "renamed"), v2=v2), "v2"),
                ):
                    await converged(served, served.publish(cart=translation))
                    await load.until(expected)
            assert not [e for e in served.events if isinstance(e, SnapshotRejected)]

    asyncio.run(scenario())


@pytest.mark.parametrize("variant", VARIANTS[:2])
def test_commits_faster_than_envoy_takes_them_fail_no_request_and_end_on_the_last(
    tmp_path: Path, variant: Variant
) -> None:
    async def scenario() -> None:
        async with (
            application("v1") as v1,
            application("v2") as v2,
            serving(AdsSettings(linger_s=0.3, grace_s=0)) as served,
            envoy(served, tmp_path, variant),
        ):
            port = free_port()
            served.publish(cart=discovered(port, v1=v1))
            await port_opens(port)
            load = Load(port)
            async with load.running():
                await load.until("v1")
                for number in range(60):
                    one = discovered(port, **{f"v1-{number % 7}": v1})
                    two = shop(port, None, **{f"v2-{number % 5}": v2})
                    served.publish(cart=one if number % 2 else two)
                    await asyncio.sleep(0.005 * (number % 4))
                commit = served.publish(cart=discovered(port, v2=v2))
                await converged(served, commit)
                await load.until("v2")
            assert load.failures == []

    asyncio.run(scenario())


@pytest.mark.parametrize("variant", VARIANTS[:2])
def test_a_refusal_brings_envoys_own_words_and_the_next_good_commit_recovers(
    tmp_path: Path, variant: Variant
) -> None:
    async def scenario() -> None:
        async with (
            application("v1") as v1,
            application("v2") as v2,
            serving(AdsSettings(linger_s=0.1, grace_s=0)) as served,
            envoy(served, tmp_path, variant),
        ):
            port = free_port()
            served.publish(cart=shop(port, v1=v1))
            await port_opens(port)
            broken = {**shop(port, v2=v2), ROUTE: (shop_xds.routes("shop", v2=0),)}
            bad = served.publish(cart=broken)
            refusal = await served.event(SnapshotRejected, commit=bad)
            assert isinstance(refusal, SnapshotRejected)
            assert refusal.type_url == ROUTE
            assert "weight" in refusal.message
            good = served.publish(cart=shop(port, v2=v2))
            await converged(served, good)

    asyncio.run(scenario())


@pytest.mark.parametrize("variant", VARIANTS[:2])
def test_of_many_clusters_one_is_refused_and_in_delta_the_others_get_through_before_it_is_mended(
    tmp_path: Path, variant: Variant
) -> None:
    async def scenario() -> None:
        async with (
            application("v1") as v1,
            application("v2") as v2,
            serving(AdsSettings(linger_s=0.1, grace_s=0)) as served,
            envoy(served, tmp_path, variant),
        ):
            port = free_port()
            served.publish(cart=shop(port, v1=v1))
            await port_opens(port)
            load = Load(port)
            async with load.running():
                await load.until("v1")
                mended = shop(port, a=v1, b=v1, v2=v2, z=v1)
                bad = static_cluster("broken", v1, connect_s=0)
                commit = served.publish(cart={**mended, CLUSTER: (*mended[CLUSTER], bad)})
                refusal = await served.event(SnapshotRejected, commit=commit)
                assert isinstance(refusal, SnapshotRejected)
                assert (refusal.type_url, refusal.names) == (CLUSTER, ("broken",))
                assert "ConnectTimeout" in refusal.message
                # What is sent whole is refused whole, and then the proxy has what it took last.
                good = {"a", "b", "v1", "v2", "z"} if variant == "delta" else {"v1"}
                await clusters(tmp_path, good)
                await load.until("v1")
                await converged(served, served.publish(cart=shop(port, v2=v2)))
                await load.until("v2")
            assert load.failures == []

    asyncio.run(scenario())


async def clusters(folder: Path, expected: set[str]) -> None:
    """Wait until an Envoy has clusters of these names beside those of its bootstrap."""
    async with asyncio.timeout(10):
        while True:
            reader, writer = await asyncio.open_unix_connection(folder / "admin")
            writer.write(b"GET /clusters HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            told = (await reader.read()).decode()
            writer.close()
            active = re.findall(r"(?m)^(\S+?)::added_via_api::true", told)
            if set(active) == expected:
                return
            await asyncio.sleep(0.02)


SILENCE_S: Final = 0.5
"""How long it is listened for what must not come."""
_LEAST = "envoy.extensions.config.validators.minimum_clusters.v3.MinimumClustersValidator"


@pytest.mark.parametrize("variant", VARIANTS[:2])
def test_an_envoy_that_keeps_a_least_number_of_clusters_is_asked_once_to_let_go(
    tmp_path: Path, variant: Variant, caplog: pytest.LogCaptureFixture
) -> None:
    def keep(config: Any) -> None:
        validator = {"@type": f"type.googleapis.com/{_LEAST}", "min_clusters_num": 2}
        config["dynamic_resources"]["ads_config"]["config_validators"] = [
            {"name": "least", "typed_config": validator}
        ]

    async def scenario() -> None:
        async with (
            application("v1") as v1,
            serving(AdsSettings(linger_s=0.01, grace_s=0)) as served,
            envoy(served, tmp_path, variant, keep),
        ):
            port = free_port()
            served.publish(cart=shop(port, v1=v1, v2=v1))
            await port_opens(port)
            fewer = served.publish(cart=shop(port, v1=v1))
            refusal = await served.event(SnapshotRejected, commit=fewer)
            assert isinstance(refusal, SnapshotRejected)
            assert (refusal.type_url, "clusters" in refusal.message) == (CLUSTER, True)
            await asyncio.sleep(SILENCE_S)
            # Another listener port is taken, with which Envoy is asked for nothing else.
            other = free_port()
            served.publish(cart=shop(other, v1=v1))
            await port_opens(other)
            await served.event(SnapshotRejected, commit=f"{3:040x}")
            more = served.publish(cart=shop(other, v1=v1, v3=v1))
            await converged(served, more)

    with caplog.at_level(logging.DEBUG, "xds"):
        asyncio.run(scenario())
    said = [r for r in caplog.records if " refuses " in r.getMessage()]
    assert len(said) == 2, "once when it was asked, and once for the commit after"


async def converged(served: Served, commit: str) -> DeliveryEvent:
    try:
        return await served.event(SnapshotConverged, commit=commit)
    except TimeoutError:
        events = "\n".join(map(str, served.events[-10:]))
        raise AssertionError(f"{commit} does not converge: {events}") from None


def test_a_real_first_request_is_read_as_betterproto2_reads_it(tmp_path: Path) -> None:
    from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest

    from tests.support.first_request import first_request
    from xds.wire.decode import decode_request

    raw = asyncio.run(first_request(tmp_path, ProxyIdentity(key("cart"))))
    full, ours = DiscoveryRequest.parse(raw), decode_request(raw)
    assert full.node is not None
    node = ours.node
    assert node is not None
    assert len(raw) > 20_000, "a real Envoy tells of all its extensions"
    assert json.dumps([ours.type_url, ours.version, ours.nonce, list(ours.names)]) == json.dumps(
        [full.type_url, full.version_info, full.response_nonce, full.resource_names]
    )
    assert (node.id, node.cluster) == (full.node.id, full.node.cluster)
    assert node.user_agent_name == full.node.user_agent_name == "envoy"
    build = full.node.user_agent_build_version
    assert build is not None
    assert build.version is not None
    said = build.version
    assert said.major_number >= 1
    assert node.user_agent_version == f"{said.major_number}.{said.minor_number}.{said.patch}"
    assert node.client_features == tuple(full.node.client_features)
