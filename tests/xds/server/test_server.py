"""The server over real gRPC: streams, nodes, status codes, and recorded events."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import pytest
from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.service.discovery.v3 import DeltaDiscoveryResponse, DiscoveryResponse

from events.latest import Latest
from events.publication import Publication
from events.types import (
    ProxyConnected,
    ProxyDisconnected,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceRecovered,
)
from mesh.errors import Fatal, UsageError
from tests.support.ads_client import AdsClient, DeltaClient, names
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import mesh
from xds.delivery.recorder import Recorder
from xds.server.discovery import AdsSettings, serve_ads
from xds.server.transport import listen
from xds.snapshots.cache import SnapshotCache
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE

CART = str(key("cart"))
Scenario = Callable[[Served], Awaitable[None]]


Speaks = type[AdsClient] | type[DeltaClient]

in_both_variants = pytest.mark.parametrize("speaks", [AdsClient, DeltaClient], ids=["S", "D"])


async def ask(
    proxy: AdsClient, type_url: str, *names: str, nonce: str = "", node: str | None = None
) -> None:
    """Send a request of the client's variant."""
    send = proxy.ask if isinstance(proxy, DeltaClient) else proxy.send
    await send(type_url, *names, nonce=nonce, node=node)


async def given(proxy: AdsClient) -> list[str]:
    """Take the next response and acknowledge it; return the names of its clusters."""
    if isinstance(proxy, DeltaClient):
        return [resource.name for resource in (await proxy.took()).resources]
    return list(names(await proxy.take(), Cluster))


def run(scenario: Scenario, settings: AdsSettings | None = None) -> None:
    async def body() -> None:
        async with serving(settings) as served:
            await scenario(served)

    asyncio.run(body())


def test_a_proxy_is_served_and_a_new_commit_reaches_it_in_the_safe_order() -> None:
    async def scenario(served: Served) -> None:
        first = await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as proxy:
            clusters = await proxy.subscribe(CLUSTER)
            assert names(clusters, Cluster) == ["v1"]
            assert clusters.control_plane is not None
            assert clusters.control_plane.identifier == f"gitmesh/{first}"
            endpoints = await proxy.subscribe(ENDPOINT, "v1")
            await proxy.subscribe(LISTENER)
            await proxy.subscribe(ROUTE, "routes")
            second = served.publish(cart=mesh("v2=1"))
            union = await proxy.receive()
            assert union.type_url == CLUSTER
            assert names(union, Cluster) == ["v1", "v2"]
            await proxy.send(ENDPOINT, "v1", "v2", nonce=endpoints.nonce)
            assert (await proxy.take("v1", "v2")).type_url == ENDPOINT
            await proxy.silence()
            await proxy.send(CLUSTER, nonce=union.nonce, version=union.version_info)
            assert (await proxy.take("routes")).type_url == ROUTE
            published = await served.event(SnapshotPublished, commit=second)
            assert isinstance(published, SnapshotPublished)
            assert (published.nodes, published.proxies) == ((CART,), 1)
            converged = await served.event(SnapshotConverged, commit=second)
            assert isinstance(converged, SnapshotConverged)
            assert converged.timings.keys() == {"seen", "planned", "written", "acked"}
            pruned = await proxy.take()
            assert names(pruned, Cluster) == ["v2"]

    run(scenario, AdsSettings(linger_s=0.05, grace_s=0))


@in_both_variants
def test_before_the_first_publication_streams_are_told_to_come_again(speaks: Speaks) -> None:
    async def scenario(served: Served) -> None:
        async with speaks(served.port, CART) as proxy:
            assert (await proxy.ending())[0] == "UNAVAILABLE"

    run(scenario)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ("", "must carry node.id"),
        ("me", "does not name a resource"),
        ("mesh/shop/virtualService/cart", "runs no proxy"),
        ("mesh/shop", "runs no proxy"),
    ],
)
@in_both_variants
def test_a_node_that_names_no_proxy_is_refused_in_words(
    speaks: Speaks, node: str, reason: str
) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with speaks(served.port, node) as proxy:
            await ask(proxy, CLUSTER)
            code, words = await proxy.ending()
            assert code == "INVALID_ARGUMENT"
            assert reason in words

    run(scenario)


def test_metadata_that_cannot_be_understood_is_refused_in_words() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART, addressing="explicit", ingress="nowhere") as proxy:
            await proxy.send(CLUSTER)
            code, words = await proxy.ending()
            assert code == "INVALID_ARGUMENT"
            assert "'nowhere' is not an IP address" in words

    run(scenario)


def test_what_a_hostile_client_says_is_told_and_kept_in_part() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        long = "x" * 100_000
        async with AdsClient(served.port, CART, addressing="explicit", ingress=long) as proxy:
            await proxy.send(CLUSTER)
            assert len((await proxy.ending())[1]) == 1000
        async with AdsClient(served.port, long) as proxy:
            await proxy.send(CLUSTER)
            assert "longer than the 1,024 characters" in (await proxy.ending())[1]
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            await proxy.send(LISTENER, node=long)
            assert len((await proxy.ending())[1]) == 1000
        gone = await served.event(ProxyDisconnected)
        assert isinstance(gone, ProxyDisconnected)
        assert len(gone.reason) == 1000

    run(scenario)


@in_both_variants
def test_a_stream_may_repeat_its_node_or_leave_it_out_but_not_change_it(speaks: Speaks) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with speaks(served.port, CART) as proxy:
            await ask(proxy, CLUSTER)
            assert await given(proxy) == ["v1"]
            await ask(proxy, LISTENER, node=CART)
            assert (await proxy.receive_bytes()) != b""
            await ask(proxy, ENDPOINT, "v1")
            assert (await proxy.receive_bytes()) != b""
            await ask(proxy, LISTENER, node=str(key("other")))
            code, words = await proxy.ending()
            assert code == "INVALID_ARGUMENT"
            assert "belongs to" in words

    run(scenario)


@in_both_variants
def test_a_request_without_a_type_is_refused(speaks: Speaks) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with speaks(served.port, CART) as proxy:
            await ask(proxy, "")
            assert (await proxy.ending())[0] == "INVALID_ARGUMENT"

    run(scenario)


@in_both_variants
def test_bytes_that_are_no_request_are_refused(speaks: Speaks) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with speaks(served.port, CART) as proxy:
            await proxy.send_bytes(b"\x0a\xff\xff\xff\xff\x0f")
            code, words = await proxy.ending()
            assert code == "INVALID_ARGUMENT"
            assert "not a discovery request" in words

    run(scenario)


def test_an_unknown_type_leaves_the_stream_open_and_unanswered() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as proxy:
            await proxy.send("type.googleapis.com/envoy.service.runtime.v3.Runtime")
            await proxy.silence()
            assert names(await proxy.subscribe(CLUSTER), Cluster) == ["v1"]

    run(scenario)


@in_both_variants
def test_a_proxy_whose_node_does_not_exist_is_held_and_served_when_it_does(speaks: Speaks) -> None:
    async def scenario(served: Served) -> None:
        await served.first(other=mesh("v1=1"))
        async with speaks(served.port, CART) as proxy:
            await ask(proxy, CLUSTER)
            await proxy.silence()
            served.publish(cart=mesh("v1=1"))
            assert await given(proxy) == ["v1"]

    run(scenario)


def test_a_node_that_is_removed_leaves_its_proxies_what_they_had() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            served.publish(cart=None)
            await proxy.silence()

    run(scenario)


def test_a_refusal_is_recorded_once_with_the_proxys_words_and_not_looped() -> None:
    async def scenario(served: Served) -> None:
        commit = await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as proxy:
            await proxy.send(CLUSTER)
            refused = await proxy.refuse("no such thing")
            rejected = await served.event(SnapshotRejected)
            assert isinstance(rejected, SnapshotRejected)
            assert (rejected.commit, rejected.node, rejected.type_url) == (commit, CART, CLUSTER)
            assert (rejected.version, rejected.message) == (refused.version_info, "no such thing")
            assert rejected.names == ("v1",)
            assert rejected.snapshot
            connected = await served.event(ProxyConnected)
            assert isinstance(connected, ProxyConnected)
            assert rejected.proxy == connected.proxy
            await proxy.silence()
            served.publish(cart=mesh("v2=1"))
            assert names(await proxy.take(), Cluster) == ["v2"]
            assert len([e for e in served.events if isinstance(e, SnapshotRejected)]) == 1

    run(scenario)


@in_both_variants
def test_a_refusal_is_of_the_commit_that_was_sent_and_not_of_one_that_came_meanwhile(
    speaks: Speaks,
) -> None:
    async def scenario(served: Served) -> None:
        sent = await served.first(cart=mesh("v1=1"))
        async with speaks(served.port, CART) as proxy:
            await ask(proxy, CLUSTER)
            response = DeltaDiscoveryResponse if speaks is DeltaClient else DiscoveryResponse
            refused = response.parse(await proxy.receive_bytes())
            later = served.publish(cart=mesh("v1=1", "v2=1"))
            await served.event(SnapshotPublished, commit=later)
            if isinstance(proxy, DeltaClient):
                await proxy.ask(CLUSTER, nonce=refused.nonce, error="no")
            else:
                await proxy.send(CLUSTER, nonce=refused.nonce, error="no")
            rejected = await served.event(SnapshotRejected)
            assert isinstance(rejected, SnapshotRejected)
            assert (rejected.commit, rejected.names) == (sent, ("v1",))

    run(scenario)


def test_one_node_that_cannot_be_translated_harms_no_other() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"), web=mesh("v1=1"))
        async with (
            AdsClient(served.port, CART) as cart,
            AdsClient(served.port, str(key("web"))) as web,
        ):
            await cart.subscribe(CLUSTER)
            await web.subscribe(CLUSTER)
            served.mesh.failing.add("cart")
            served.publish(cart=mesh("v2=1"), web=mesh("v2=1"))
            assert "v2" in names(await web.take(), Cluster)
            await cart.silence()

    run(scenario)


def test_a_commit_that_cannot_be_served_leaves_what_was_and_the_next_one_is_served(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("our mistake")

    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as cart, AdsClient(served.port, CART) as late:
            await cart.subscribe(CLUSTER)
            with monkeypatch.context() as patch:
                patch.setattr("xds.snapshots.cache.relink", fail)
                bad = served.publish(cart=mesh("v2=1"))
                await cart.silence()
                assert names(await late.subscribe(CLUSTER), Cluster) == ["v1"]
            assert f"cannot serve commit {bad}; the previous commit stays served" in caplog.text
            served.publish(cart=mesh("v3=1"))
            assert "v3" in names(await cart.take(), Cluster)

    run(scenario)


def test_comings_and_goings_are_recorded() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART, addressing="intercepted") as proxy:
            await proxy.subscribe(CLUSTER)
            connected = await served.event(ProxyConnected)
            assert isinstance(connected, ProxyConnected)
            assert (connected.node, connected.version) == (CART, "test 1")
        gone = await served.event(ProxyDisconnected)
        assert isinstance(gone, ProxyDisconnected)
        assert gone.proxy == connected.proxy

    run(scenario)


def test_a_commit_that_concerns_nobody_converges_at_once() -> None:
    async def scenario(served: Served) -> None:
        commit = await served.first(cart=mesh("v1=1"))
        converged = await served.event(SnapshotConverged, commit=commit)
        assert isinstance(converged, SnapshotConverged)
        assert converged.proxies == 0

    run(scenario)


def test_a_proxy_that_leaves_is_waited_for_no_longer() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as proxy:
            await proxy.subscribe(CLUSTER)
            commit = served.publish(cart=mesh("v2=1"))
            await served.event(SnapshotPublished, commit=commit)
            assert not [e for e in served.events if getattr(e, "commit", "") == commit][1:]
        await served.event(SnapshotConverged, commit=commit)

    run(scenario)


def test_streams_beyond_the_limit_are_refused() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with AdsClient(served.port, CART) as one:
            await one.subscribe(CLUSTER)
            async with AdsClient(served.port, CART) as two:
                assert (await two.ending())[0] == "RESOURCE_EXHAUSTED"
            await one.subscribe(LISTENER)

    run(scenario, AdsSettings(max_streams=1, grace_s=0))


@in_both_variants
def test_a_request_beyond_the_limit_is_refused(speaks: Speaks) -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=mesh("v1=1"))
        async with speaks(served.port, CART) as proxy:
            await ask(proxy, CLUSTER, "x" * 5000)
            assert (await proxy.ending())[0] == "RESOURCE_EXHAUSTED"

    run(scenario, AdsSettings(max_request_bytes=4000, grace_s=0))


def test_a_stopped_server_ends_its_streams_and_records_them() -> None:
    async def scenario() -> None:
        async with serving() as served:
            await served.first(cart=mesh("v1=1"))
            proxy = AdsClient(served.port, CART)
            await proxy.__aenter__()
            await proxy.subscribe(CLUSTER)
        assert [e for e in served.events if isinstance(e, ProxyDisconnected)]
        await proxy.__aexit__()

    asyncio.run(scenario())


def test_a_log_that_is_broken_ends_the_server_with_the_logs_own_words() -> None:
    def append(batch: object) -> None:
        raise Fatal("the log is damaged")

    async def scenario() -> None:
        recorder = Recorder(append)
        recorder.record([SourceRecovered("test")])
        with pytest.raises(Fatal, match="the log is damaged"):
            await serve_ads("127.0.0.1:0", SnapshotCache(), Latest[Publication](), recorder)

    asyncio.run(scenario())


def test_an_address_in_use_ends_the_server_with_words() -> None:
    async def scenario(served: Served) -> None:
        with pytest.raises(Fatal, match="cannot listen"):
            await _serve(f"127.0.0.1:{served.port}")

    run(scenario)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "example.com:1", "192.0.2.1:1"])
def test_plain_text_stays_on_this_machine_unless_told_otherwise(address: str) -> None:
    with pytest.raises(UsageError, match="plain text"):
        asyncio.run(_serve(address))


@pytest.mark.parametrize("address", ["foo", "127.0.0.1:", "127.0.0.1:99999", "unix:"])
def test_what_is_no_address_is_never_listened_on_elsewhere(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        asyncio.run(_serve(address))


def test_a_port_that_is_not_the_one_asked_for_is_fatal() -> None:
    class Elsewhere:
        started = False

        def add_insecure_port(self, address: str) -> int:
            return 4711

        async def start(self) -> None:
            self.started = True

    server = Elsewhere()
    with pytest.raises(Fatal, match=r"cannot listen on 127\.0\.0\.1:18000: .* port 4711"):
        asyncio.run(listen(server, "127.0.0.1:18000"))
    assert not server.started
    assert asyncio.run(listen(server, "127.0.0.1:0")) == 4711


def test_a_socket_file_can_be_listened_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        started = asyncio.Event()
        serving = asyncio.create_task(
            serve_ads(
                f"unix:{tmp_path / 's'}",
                SnapshotCache(),
                Latest[Publication](),
                Recorder(lambda batch: None),
                started=lambda port: started.set(),
            )
        )
        await asyncio.wait_for(started.wait(), 10)
        assert not serving.done()
        assert (tmp_path / "s").is_socket()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(scenario())


async def _serve(address: str) -> None:
    await serve_ads(address, SnapshotCache(), Latest[Publication](), Recorder(lambda batch: None))


def test_a_server_that_is_stopped_while_it_starts_ends_quietly() -> None:
    failures: list[dict[str, object]] = []

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))
        for turns in range(6):  # of the event loop, until it is stopped
            server = grpc.aio.server()
            starting = asyncio.create_task(listen(server, "127.0.0.1:0"))
            for _ in range(turns):
                await asyncio.sleep(0)
            starting.cancel()
            await asyncio.wait([starting])
            del server
        await asyncio.sleep(0.05)
        gc.collect()

    asyncio.run(scenario())
    assert failures == []
