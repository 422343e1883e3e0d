"""Endpoints of service instances change, and nothing else with them."""

from itertools import pairwise

import pytest

from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.meshes import (
    a_cloud_node,
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
    registered,
)
from xds.nodes import ProxyIdentity
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import Snapshot, build_snapshot
from xds.translate import translate
from xds.type_urls import CLUSTER, ENDPOINT, TypeUrl

WEB = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"))
FRONT = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"))
ONE = {"AWS_INSTANCE_IPV4": "10.0.0.1"}
TWO = {"AWS_INSTANCE_IPV4": "10.0.0.2", "AWS_INSTANCE_PORT": "99"}


def snapshot(proxy: ProxyIdentity, *found: Resource) -> Snapshot:
    mesh = [
        a_mesh(),
        a_node("web", backends=["cart.local", "pay.local"]),
        a_service("cart.local", router="cart"),
        a_router("cart", 80),
        a_route("cart", "all", {"cart": 1}),
        a_cloud_node("cart", 80, service="cart"),
        a_service("pay.local", node="pay"),
        a_cloud_node("pay", (81, "tcp"), service="pay"),
        a_gateway("front", 8088),
        a_gateway_route("front", "cart", "cart.local"),
        *found,
    ]
    return build_snapshot(Pool(), translate(link(mesh), proxy))


def changed(before: Snapshot, after: Snapshot) -> set[TypeUrl]:
    return {url for url, version in after.versions.items() if before.versions[url] != version}


@pytest.mark.parametrize("proxy", [WEB, FRONT], ids=["node", "gateway"])
def test_instances_that_come_and_go_change_endpoints_alone(proxy: ProxyIdentity) -> None:
    steps = [(), (ONE,), (ONE, TWO), (TWO,), ({**TWO, "AWS_INSTANCE_PORT": "98"},), ()]
    snapshots = [snapshot(proxy, registered("cart", *step)) for step in steps]
    for before, after in pairwise(snapshots):
        assert changed(before, after) == {ENDPOINT}
    assert changed(snapshots[0], snapshots[-1]) == set()


def test_what_callers_cannot_see_changes_nothing() -> None:
    before = snapshot(WEB, registered("cart", ONE, TWO))
    for same in ((TWO, ONE), (ONE, TWO, ONE), ({**ONE, "owner": "me"}, TWO)):
        assert changed(before, snapshot(WEB, registered("cart", *same))) == set()


def test_the_first_document_changes_how_its_own_clusters_are_found() -> None:
    before = snapshot(WEB)
    after = snapshot(WEB, registered("cart", ONE))
    assert changed(before, after) == {CLUSTER, ENDPOINT}
    own, other = "cds_egress_shop_cart_http_80", "cds_egress_shop_pay_tcp_81"
    assert set(before[ENDPOINT].by_name) == set()
    assert set(after[ENDPOINT].by_name) == {own}
    old, new = (found[CLUSTER].by_name for found in (before, after))
    assert old[own].entry != new[own].entry
    assert old[other].entry == new[other].entry
