"""The cache: rebuilds the nodes that a change affects, and no others."""

import pytest

from tests.support.ads_server import TestMesh, key
from tests.support.shop_xds import mesh
from xds.nodes import Client, Explicit, ProxyIdentity
from xds.snapshots.cache import SnapshotCache, TooManyIdentities
from xds.type_urls import CLUSTER, ROUTE

CART, WEB = ProxyIdentity(key("cart")), ProxyIdentity(key("web"))


@pytest.fixture
def town() -> TestMesh:
    return TestMesh()


@pytest.fixture
def cache(town: TestMesh) -> SnapshotCache:
    cache = SnapshotCache(town.translate, max_idle=2, max_identities=3)
    cache.absorb(town.commit(cart=mesh("a=1"), web=mesh("w=1")))
    return cache


def test_only_the_nodes_that_a_change_concerns_are_built_again(
    cache: SnapshotCache, town: TestMesh
) -> None:
    for identity in (CART, WEB):
        cache.join(identity)
        cache.resolve(identity)
    town.translated.clear()
    assert cache.absorb(town.commit(cart=mesh("b=1"))) == (CART,)
    cache.resolve(CART)
    cache.resolve(WEB)
    assert town.translated == ["cart"]


def test_a_snapshot_is_built_once_for_all_proxies_of_an_identity(
    cache: SnapshotCache, town: TestMesh
) -> None:
    cache.join(CART)
    cache.join(CART)
    assert cache.resolve(CART) is cache.resolve(CART)
    assert town.translated == ["cart"]


def test_nodes_without_proxies_are_not_built(cache: SnapshotCache, town: TestMesh) -> None:
    assert cache.absorb(town.commit(web=mesh("v=1"))) == ()
    assert town.translated == []


def test_a_snapshot_whose_content_did_not_change_stays_the_same_object(
    cache: SnapshotCache, town: TestMesh
) -> None:
    cache.join(CART)
    before = cache.resolve(CART)
    assert cache.absorb(town.commit(cart=mesh("a=1"))) == (CART,)
    assert cache.resolve(CART) is before


def test_a_revert_holds_the_very_sets_of_before(cache: SnapshotCache, town: TestMesh) -> None:
    cache.join(CART)
    before = cache.resolve(CART)
    cache.absorb(town.commit(cart=mesh("b=1")))
    cache.resolve(CART)
    cache.absorb(town.commit(cart=mesh("a=1")))
    after = cache.resolve(CART)
    assert before is not None
    assert after is not None
    assert after.same_as(before)


def test_a_node_that_does_not_exist_has_no_snapshot_until_it_does(
    cache: SnapshotCache, town: TestMesh
) -> None:
    new = ProxyIdentity(key("new"))
    cache.join(new)
    assert cache.resolve(new) is None
    assert cache.absorb(town.commit(new=mesh("n=1"))) == (new,)
    assert cache.resolve(new) is not None


def test_a_node_that_is_removed_keeps_its_proxies_last_snapshot(
    cache: SnapshotCache, town: TestMesh
) -> None:
    cache.join(CART)
    before = cache.resolve(CART)
    cache.absorb(town.commit(cart=None))
    assert cache.resolve(CART) is before


def test_a_translation_that_fails_keeps_the_snapshot_before_it_and_harms_no_other(
    cache: SnapshotCache, town: TestMesh
) -> None:
    for identity in (CART, WEB):
        cache.join(identity)
    before = cache.resolve(CART)
    town.failing.add("cart")
    assert cache.absorb(town.commit(cart=mesh("b=1"), web=mesh("x=1"))) == (CART, WEB)
    assert cache.resolve(CART) is before
    web = cache.resolve(WEB)
    assert web is not None
    assert list(web[CLUSTER].by_name) == ["x"]


def test_an_inconsistent_translation_is_never_served(cache: SnapshotCache, town: TestMesh) -> None:
    cache.join(CART)
    before = cache.resolve(CART)
    cache.absorb(town.commit(cart={ROUTE: mesh("a=1")[ROUTE]}))
    assert cache.resolve(CART) is before


def test_a_proxy_that_comes_back_finds_its_snapshot(cache: SnapshotCache, town: TestMesh) -> None:
    cache.join(CART)
    before = cache.resolve(CART)
    cache.leave(CART)
    cache.join(CART)
    assert cache.resolve(CART) is before
    assert town.translated == ["cart"]


def test_a_proxy_that_comes_back_after_a_change_gets_the_new_one(
    cache: SnapshotCache, town: TestMesh
) -> None:
    cache.join(CART)
    cache.resolve(CART)
    cache.leave(CART)
    assert cache.absorb(town.commit(cart=mesh("b=1"))) == ()
    cache.join(CART)
    snapshot = cache.resolve(CART)
    assert snapshot is not None
    assert list(snapshot[CLUSTER].by_name) == ["b"]


def test_identities_are_bounded_and_those_that_left_make_room(cache: SnapshotCache) -> None:
    many = [ProxyIdentity(key("cart"), Explicit(f"127.0.0.{n}", "127.0.1.1")) for n in range(9)]
    for identity in many[:3]:
        cache.join(identity)
    with pytest.raises(TooManyIdentities):
        cache.join(many[3])
    for identity in many[:3]:
        cache.leave(identity)
    for identity in many[3:6]:
        cache.join(identity)
        cache.resolve(identity)


def test_an_envoy_and_a_grpc_client_of_one_node_have_a_snapshot_each(
    cache: SnapshotCache, town: TestMesh
) -> None:
    client = ProxyIdentity(key("cart"), client=Client.GRPC)
    for identity in (CART, client):
        cache.join(identity)
        cache.resolve(identity)
    assert town.translated == ["cart", "cart"]
    assert set(cache.absorb(town.commit(cart=mesh("b=1")))) == {CART, client}


def test_a_publication_without_changes_concerns_nobody(
    cache: SnapshotCache, town: TestMesh
) -> None:
    cache.join(CART)
    cache.resolve(CART)
    assert cache.absorb(town.commit()) == ()
