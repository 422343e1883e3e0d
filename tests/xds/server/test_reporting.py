"""Reports on the xDS port: who may report, what is passed on, and with which commit."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import pytest

from events.types import SnapshotConverged
from tests.support.ads_client import AdsClient
from tests.support.ads_server import Served, key, serving
from tests.support.identities import Issuer
from tests.support.reporter import LOAD, METRICS, Reporter, load, metrics
from tests.support.shop_xds import mesh
from xds.reports.measured import Measured, Source
from xds.server.reporting.service import REPORTS_AT_ONCE
from xds.server.settings import AdsSettings, TlsFiles
from xds.type_urls import CLUSTER, LISTENER, ROUTE

CART, WEB = str(key("cart")), str(key("web"))
V1 = "cds_egress_shop_v1_http_80"


def run(scenario: Callable[[Served], Awaitable[None]], settings: AdsSettings | None = None) -> None:
    async def body() -> None:
        settings_ = settings or AdsSettings(grace_s=0, report_interval_s=0.1)
        async with serving(settings_) as served:
            await served.first(cart=mesh("v1=1"), web=mesh("v1=1"))
            await scenario(served)

    asyncio.run(body())


async def measured(served: Served, count: int) -> list[Measured]:
    """Return the reports so far, once there are this many."""
    async with asyncio.timeout(10):
        while len(served.measured) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return served.measured


def test_attempts_come_from_load_reports_and_requests_from_metrics() -> None:
    async def scenario(served: Served) -> None:
        async with Reporter(served.port, LOAD) as reporter:
            await reporter.send(load(CART))
            asked = await reporter.asked()
            assert asked.send_all_clusters
            assert asked.load_reporting_interval.total_seconds() == 0.1  # type: ignore[union-attr]
            await reporter.send(load(CART, **{V1: (10, 3), "gitmesh_xds": (5, 0)}))
            [report] = await measured(served, 1)
        assert (report.node, report.source) == (CART, Source.LOAD)
        [(cluster, counts)] = report.clusters
        assert (cluster, counts.attempts, counts.failed_attempts) == (V1, 13, 3)
        assert counts.requests == 0
        assert report.from_ns < report.to_ns
        async with Reporter(served.port, METRICS) as reporter:
            await reporter.send(metrics(WEB, **{V1: (7, 2)}))
            await reporter.send(metrics("", **{V1: (8, 0)}))
            reports = await measured(served, 3)
        assert [each.node for each in reports[1:]] == [WEB, WEB]
        counted = [each.clusters[0][1] for each in reports[1:]]
        assert [(each.requests, each.server_errors) for each in counted] == [(7, 2), (8, 0)]
        assert [sum(each.latency) for each in counted] == [7, 8]
        assert reports[1].to_ns == reports[2].from_ns

    run(scenario)


def test_a_report_belongs_to_the_commit_that_its_proxy_has_acknowledged() -> None:
    async def scenario(served: Served) -> None:
        first = served.publish(cart=mesh("v1=1", eds=False))
        async with (
            AdsClient(served.port, CART) as client,
            Reporter(client.channel, METRICS) as reporter,
        ):

            async def reported() -> str:
                """Report, and return the commit to which the report belongs."""
                known = len(served.measured)
                await reporter.send(metrics(CART, **{V1: (1, 0)}))
                return (await measured(served, known + 1))[-1].commit

            await client.subscribe(CLUSTER)
            await client.subscribe(LISTENER)
            assert await reported() == ""  # it lacks its routes
            await client.subscribe(ROUTE, "routes")
            await client.silence(0.05)
            assert await reported() == ""  # of a time in which this changed
            assert await reported() == first
            # Until the next commit is acknowledged, the proxy works by the one before.
            second = served.publish(cart=mesh("v1=1", eds=False, listener_port=15002))
            update = await client.receive()
            assert await reported() == first
            await client.send(LISTENER, nonce=update.nonce, version=update.version_info)
            await served.event(SnapshotConverged, commit=second)
            assert [await reported(), await reported()] == ["", second]
            # A commit that changes nothing for the proxy is acknowledged at once.
            third = served.publish(web=mesh("v2=1"))
            async with asyncio.timeout(10):
                while await reported() != third:
                    pass

    run(scenario, AdsSettings(grace_s=0, linger_s=0.05))


@pytest.mark.parametrize("method", [LOAD, METRICS])
def test_who_reports_must_be_a_node_of_the_mesh(method: str) -> None:
    made = load if method == LOAD else metrics

    async def scenario(served: Served) -> None:
        for node, words in (
            ("", "must carry node.id"),
            ("nobody", "use mesh/<mesh>/virtualNode/<name>"),
            (str(key("ghost")), "the mesh has no mesh/shop/virtualNode/ghost"),
        ):
            async with Reporter(served.port, method) as reporter:
                await reporter.send(made(node))
                refusal = await reporter.refusal()
                assert refusal.startswith("INVALID_ARGUMENT")
                assert words in refusal
        async with Reporter(served.port, method) as reporter:
            await reporter.send(b"\xff" * 40)
            assert "not a report" in await reporter.refusal()
        assert served.measured == []

    run(scenario)


@pytest.mark.parametrize("method", [LOAD, METRICS])
def test_a_certificate_permits_reports_of_its_own_node_alone(tmp_path: Path, method: str) -> None:
    issuer = Issuer(tmp_path)
    server = issuer.issue("server", addresses=("127.0.0.1",))
    proxy = issuer.issue("proxy", uris=(f"spiffe://shop.example/{CART}",))
    settings = AdsSettings(
        grace_s=0, report_interval_s=0.1, tls=TlsFiles(server.chain, server.key, issuer.bundle)
    )
    made = load if method == LOAD else metrics
    shown = grpc.ssl_channel_credentials(
        issuer.bundle.read_bytes(), proxy.key.read_bytes(), proxy.chain.read_bytes()
    )

    async def scenario(served: Served) -> None:
        async with Reporter(served.port, method, shown) as reporter:
            await reporter.send(made(WEB, **{V1: (1, 0)}))
            assert "PERMISSION_DENIED: the certificate is for" in await reporter.refusal()
        async with Reporter(served.port, method, shown) as reporter:
            await reporter.send(made(CART, **{V1: (1, 0)}))
            await reporter.send(made(CART, **{V1: (2, 0)}))
            assert (await measured(served, 1))[0].node == CART

    run(scenario, settings)


def test_too_large_a_report_is_dropped_and_the_next_one_is_read() -> None:
    async def scenario(served: Served) -> None:
        async with Reporter(served.port, METRICS) as reporter:
            await reporter.send(metrics(CART))
            await measured(served, 1)
            await reporter.send(metrics(CART, **{V1: (9, 0), "x" * 2_000: (1, 0)}))
            await reporter.send(metrics("", **{V1: (4, 0)}))
            assert (await measured(served, 2))[1].clusters[0][1].requests == 4

    run(scenario, AdsSettings(grace_s=0, max_report_bytes=1_000))


def test_early_reports_wait_and_are_not_lost() -> None:
    async def scenario(served: Served) -> None:
        async with Reporter(served.port, METRICS) as reporter:
            await reporter.send(metrics(CART))
            for _ in range(REPORTS_AT_ONCE + 1):
                await reporter.send(metrics("", **{V1: (1, 0)}))
            began = asyncio.get_running_loop().time()
            await measured(served, REPORTS_AT_ONCE + 2)
            assert asyncio.get_running_loop().time() - began > 0.9

    run(scenario)


def test_report_streams_take_no_place_of_configuration() -> None:
    async def scenario(served: Served) -> None:
        async with (
            Reporter(served.port, LOAD) as load_reports,
            Reporter(served.port, METRICS) as others,
        ):
            await load_reports.send(load(CART))
            await load_reports.asked()
            await others.send(metrics(CART))
            await measured(served, 1)
            async with AdsClient(served.port, CART) as client:
                await client.subscribe(CLUSTER)
            async with Reporter(served.port, METRICS) as third:
                assert await third.refusal() == "RESOURCE_EXHAUSTED: 2 streams are open already"

    run(scenario, AdsSettings(grace_s=0, max_streams=1, report_interval_s=0.1))
