"""Serving of the last accepted snapshot while the newest is refused, over real gRPC."""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakSet

import pytest
from envoy_data_plane.envoy.config.cluster.v3 import Cluster

from events.types import (
    DeliveryEvent,
    ProxiesSettled,
    ProxyConnected,
    ProxyState,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from tests.support import shop_xds
from tests.support.ads_client import AdsClient, names
from tests.support.ads_server import Served, key, serving
from tests.support.shop_xds import Translation, static_cluster
from xds.nodes import ProxyIdentity
from xds.refusals.acceptance import RETRY_S, Acceptance
from xds.server.discovery import AdsSettings
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, LISTENER, ROUTE

CART = str(key("cart"))
Scenario = Callable[[Served], Awaitable[None]]


def run(scenario: Scenario) -> None:
    async def body() -> None:
        async with serving(AdsSettings(grace_s=0, linger_s=0.05)) as served:
            await scenario(served)

    asyncio.run(body())


def shop(name: str, port: int = 80) -> Translation:
    """Return a configuration whose cluster and listener tell it from others."""
    return {
        CLUSTER: (static_cluster(name, port),),
        LISTENER: (shop_xds.http_listener("shop", port, "routes", stat=name),),
        ROUTE: (shop_xds.routes("routes", **{name: 1}),),
    }


async def settles(proxy: AdsClient, *, refusing: str = "") -> list[str]:
    """Be a proxy that comes: take clusters, listeners and then routes until no more come.

    Refuses listeners while they are those of ``refusing``. Return the clusters it has at the end.
    """
    await proxy.send(CLUSTER)
    await proxy.send(LISTENER)
    return await goes_on(proxy, refusing=refusing)


async def goes_on(proxy: AdsClient, *, refusing: str = "") -> list[str]:
    clusters: list[str] = []
    while True:
        try:
            response = await proxy.receive(within_s=0.3)
        except TimeoutError:
            return clusters
        bad = response.type_url == LISTENER and refusing and refusing in str(response.resources)
        if response.type_url == CLUSTER:
            clusters = list(names(response, Cluster))
        await proxy.send(
            response.type_url,
            *(("routes",) if response.type_url == ROUTE else ()),
            nonce=response.nonce,
            version="" if bad else response.version_info,
            error=f"listener shop: no {refusing}" if bad else None,
        )
        if response.type_url == LISTENER and not bad and proxy not in _with_routes:
            _with_routes.add(proxy)
            await proxy.send(ROUTE, "routes")


_with_routes = WeakSet[AdsClient]()
"""Proxies that have subscribed to their routes, as an Envoy does once it has a listener."""


def states(served: Served) -> list[ProxyState]:
    return [e.state for e in served.events if isinstance(e, ProxyConnected)]


def refusals(served: Served) -> list[DeliveryEvent]:
    return [e for e in served.events if isinstance(e, SnapshotRejected)]


def test_one_that_comes_while_its_like_refuse_the_newest_gets_the_last_accepted() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"))
        async with AdsClient(served.port, CART) as old:
            await settles(old)
            served.publish(cart=shop("bad"))
            await goes_on(old, refusing="bad")
            async with AdsClient(served.port, CART) as new:
                assert await settles(new, refusing="bad") == ["good"]
                assert states(served)[-1] is ProxyState.LAST_ACCEPTED
                await old.silence()
                mended = served.publish(cart=shop("mended"))
                assert "mended" in await goes_on(new)
                assert "mended" in await goes_on(old)
                await served.event(SnapshotConverged, commit=mended)
        assert len(refusals(served)) == 1, "it was held back from the second"

    run(scenario)


def test_one_whose_first_routes_are_of_a_newer_commit_falls_back_when_it_refuses_them() -> None:
    """It took clusters and listeners of the commit before, but without routes it serves nothing."""

    async def scenario(served: Served) -> None:
        both = {**shop("good"), CLUSTER: (static_cluster("good", 80), static_cluster("bad", 80))}
        await served.first(cart=both)
        async with AdsClient(served.port, CART) as old, AdsClient(served.port, CART) as new:
            await settles(old)
            for type_url in (CLUSTER, LISTENER):
                await new.send(type_url)
                had = await new.receive()
                await new.send(type_url, nonce=had.nonce, version=had.version_info)
            served.publish(cart={**both, ROUTE: (shop_xds.routes("routes", bad=1),)})
            await old.receive()
            await new.send(ROUTE, "routes")
            routes = await new.receive()
            assert "bad" in str(routes)
            await new.send(ROUTE, "routes", nonce=routes.nonce, error="no such cluster")
            assert "good" in str(await new.receive())

    run(scenario)


def test_one_that_refuses_the_first_it_is_given_falls_back_though_others_took_it() -> None:
    """One machine of many lacks a file: it must neither stand empty nor hold the others back."""

    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"))
        async with AdsClient(served.port, CART) as healthy:
            await settles(healthy)
            served.publish(cart=shop("bad"))
            await goes_on(healthy)
            async with AdsClient(served.port, CART) as broken:
                assert await settles(broken, refusing="bad") == ["good"]
                async with AdsClient(served.port, CART) as other:
                    assert await settles(other) == ["bad"], "most can take it"
                again = served.publish(cart=shop("bad"))  # another spec, the same content
                await served.event(SnapshotConverged, commit=again)
                await broken.silence()
                settled = [e for e in served.events if isinstance(e, ProxiesSettled)]
                connected = [e for e in served.events if isinstance(e, ProxyConnected)]
                assert connected[1].proxy in settled[-1].last_accepted

    run(scenario)


def test_what_was_held_back_is_offered_once_somebody_takes_it() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"))
        async with AdsClient(served.port, CART) as slow, AdsClient(served.port, CART) as broken:
            await settles(slow)
            await settles(broken)
            served.publish(cart=shop("bad"))
            await goes_on(broken, refusing="bad")
            async with AdsClient(served.port, CART) as new:
                assert await settles(new) == ["good"]
                await goes_on(slow)
                assert "bad" in await goes_on(new)

    run(scenario)


def test_what_is_offered_late_is_no_part_of_a_commit_that_came_meanwhile() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"), web=shop("good"))
        async with AdsClient(served.port, CART) as slow, AdsClient(served.port, CART) as broken:
            await settles(slow)
            await settles(broken)
            served.publish(cart=shop("bad"))
            await goes_on(broken, refusing="bad")
            async with (
                AdsClient(served.port, CART) as new,
                AdsClient(served.port, str(key("web"))) as web,
            ):
                assert await settles(new) == ["good"]
                await settles(web)
                meanwhile = served.publish(web=shop("other"))
                await served.event(SnapshotPublished, commit=meanwhile)
                await goes_on(slow)
                assert "bad" in await goes_on(new)
                await goes_on(web)
                converged = await served.event(SnapshotConverged, commit=meanwhile)
                assert isinstance(converged, SnapshotConverged)
                assert converged.proxies == 1
                await in_sync(served, 2)

    run(scenario)


def test_a_revert_to_what_they_have_brings_those_in_sync_who_refused_or_fell_back() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"))
        async with AdsClient(served.port, CART) as old:
            await settles(old)
            served.publish(cart=shop("bad"))
            await goes_on(old, refusing="bad")
            async with AdsClient(served.port, CART) as new:
                assert await settles(new, refusing="bad") == ["good"]
                back = served.publish(cart=shop("good"))
                await goes_on(old)
                await goes_on(new)
                published = await served.event(SnapshotPublished, commit=back)
                assert isinstance(published, SnapshotPublished)
                converged = await served.event(SnapshotConverged, commit=back)
                assert isinstance(converged, SnapshotConverged)
                assert published.proxies == converged.proxies == 2

    run(scenario)


async def in_sync(served: Served, number: int) -> None:
    """Wait until the log is told that the proxy that came as that number is in sync."""
    connected = [e for e in served.events if isinstance(e, ProxyConnected)]
    proxy = connected[number].proxy
    async with asyncio.timeout(10):
        while True:
            settled = [e for e in served.events if isinstance(e, ProxiesSettled)]
            if any(proxy in e.in_sync for e in settled):
                return
            await asyncio.sleep(0.01)


def test_one_that_has_something_goes_on_with_it_and_is_sent_nothing_older() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"))
        async with AdsClient(served.port, CART) as proxy:
            await settles(proxy)
            served.publish(cart=shop("bad"))
            await goes_on(proxy, refusing="bad")
            await proxy.silence()

    run(scenario)


def test_what_one_refuses_to_let_go_of_holds_nothing_back_from_those_who_come() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"))
        async with AdsClient(served.port, CART) as old:
            await settles(old)
            served.publish(cart=shop("new"))
            pruned = None
            while pruned is None:
                response = await old.receive()
                if response.type_url == CLUSTER and list(names(response, Cluster)) == ["new"]:
                    pruned = response
                else:
                    version = response.version_info
                    await old.send(response.type_url, nonce=response.nonce, version=version)
            await old.send(CLUSTER, nonce=pruned.nonce, error="too few clusters")
            await served.event(SnapshotRejected)
            async with AdsClient(served.port, CART) as new:
                assert await settles(new) == ["new"]
                assert states(served)[-1] is ProxyState.BEHIND

    run(scenario)


def test_proxies_of_another_node_are_not_affected() -> None:
    async def scenario(served: Served) -> None:
        await served.first(cart=shop("good"), web=shop("good"))
        async with AdsClient(served.port, CART) as cart:
            await settles(cart)
            served.publish(cart=shop("bad"), web=shop("bad"))
            await goes_on(cart, refusing="bad")
            async with AdsClient(served.port, str(key("web"))) as web:
                assert await settles(web) == ["bad"]

    run(scenario)


# ---- the rules by themselves ---------------------------------------------------------------------

IDENTITY = ProxyIdentity(key("cart"))
OLD, NEW = Snapshot({}), Snapshot({})


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def rules(recalled: Snapshot | None = None) -> tuple[Acceptance, Clock]:
    clock = Clock()
    return Acceptance(lambda _: recalled, clock), clock


@pytest.fixture
def different(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two snapshots be the same only if they are the same object."""
    monkeypatch.setattr(Snapshot, "same_as", lambda self, other: self is other)
    monkeypatch.setattr(Snapshot, "version", property(lambda self: str(id(self))))


@pytest.mark.usefixtures("different")
def test_a_refusal_holds_back_for_a_while_and_no_longer() -> None:
    acceptance, clock = rules(OLD)
    assert acceptance.choose(IDENTITY, NEW) is NEW
    assert acceptance.refused(IDENTITY, NEW, 1) is OLD
    assert acceptance.choose(IDENTITY, NEW) is OLD
    clock.now += RETRY_S
    assert acceptance.choose(IDENTITY, NEW) is NEW


@pytest.mark.usefixtures("different")
def test_who_takes_clusters_and_refuses_listeners_has_accepted_nothing() -> None:
    acceptance, _ = rules()
    acceptance.choose(IDENTITY, OLD)
    acceptance.took(IDENTITY, OLD, 1)
    acceptance.offer(IDENTITY, NEW)
    acceptance.took(IDENTITY, NEW, 1)
    assert acceptance.refused(IDENTITY, NEW, 1) is OLD
    assert acceptance.choose(IDENTITY, NEW) is OLD


@pytest.mark.usefixtures("different")
def test_what_the_log_says_was_refused_is_held_back_from_the_start() -> None:
    acceptance, clock = rules(OLD)
    acceptance.remember({CART: (NEW.version, clock.now - 5)})
    assert acceptance.choose(IDENTITY, NEW) is OLD
    other, clock = rules(OLD)
    other.remember({CART: ("another", clock.now - 5)})
    assert other.choose(IDENTITY, NEW) is NEW, "it is new, and tried"


@pytest.mark.usefixtures("different")
def test_where_nothing_was_ever_accepted_there_is_nothing_to_fall_back_on() -> None:
    acceptance, _ = rules(None)
    acceptance.choose(IDENTITY, NEW)
    assert acceptance.refused(IDENTITY, NEW, 1) is None
    assert acceptance.choose(IDENTITY, NEW) is NEW


@pytest.mark.usefixtures("different")
def test_a_refusal_outlives_the_last_proxy_of_its_identity() -> None:
    acceptance, _ = rules(OLD)
    acceptance.choose(IDENTITY, NEW)
    acceptance.refused(IDENTITY, NEW, 1)
    acceptance.left(IDENTITY)
    assert acceptance.choose(IDENTITY, NEW) is OLD


@pytest.mark.usefixtures("different")
def test_of_those_who_left_nothing_is_kept_without_bound() -> None:
    acceptance, _ = rules(OLD)
    for number in range(300):
        identity = ProxyIdentity(key(f"cart{number}"))
        acceptance.choose(identity, NEW)
        acceptance.refused(identity, NEW, 1)
        acceptance.left(identity)
    acceptance.choose(IDENTITY, NEW)
    acceptance.left(IDENTITY)
    assert len(acceptance._trials) == 256
    assert acceptance.choose(ProxyIdentity(key("cart299")), NEW) is OLD, "the last who left"
    assert acceptance.choose(ProxyIdentity(key("cart0")), NEW) is NEW


@pytest.mark.usefixtures("different")
def test_who_came_back_is_not_forgotten_for_those_who_leave() -> None:
    acceptance, _ = rules(OLD)
    for _ in range(2):
        acceptance.choose(IDENTITY, NEW)
        acceptance.refused(IDENTITY, NEW, 1)
        acceptance.left(IDENTITY)
    assert acceptance.choose(IDENTITY, NEW) is OLD
    for number in range(300):
        identity = ProxyIdentity(key(f"cart{number}"))
        acceptance.choose(identity, NEW)
        acceptance.refused(identity, NEW, 1)
        acceptance.left(identity)
    assert acceptance.choose(IDENTITY, NEW) is OLD


@pytest.mark.usefixtures("different")
def test_a_refusal_of_what_was_overtaken_says_nothing_of_the_newest() -> None:
    acceptance, _ = rules(OLD)
    acceptance.choose(IDENTITY, OLD)
    acceptance.offer(IDENTITY, NEW)
    assert acceptance.refused(IDENTITY, OLD, 1) is None
    assert acceptance.choose(IDENTITY, NEW) is NEW


@pytest.mark.usefixtures("different")
def test_the_first_who_takes_what_another_refused_ends_its_being_held() -> None:
    acceptance, _ = rules(OLD)
    acceptance.choose(IDENTITY, OLD)
    assert not acceptance.took(IDENTITY, OLD, 1), "nobody refused it"
    acceptance.offer(IDENTITY, NEW)
    acceptance.refused(IDENTITY, NEW, 1)
    assert not acceptance.took(IDENTITY, OLD, 2)
    assert acceptance.choose(IDENTITY, NEW) is OLD
    assert acceptance.took(IDENTITY, NEW, 2)
    assert not acceptance.took(IDENTITY, NEW, 3), "it ended before"
    assert acceptance.choose(IDENTITY, NEW) is NEW
