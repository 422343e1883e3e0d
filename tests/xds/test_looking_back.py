"""What a server looks for in the log when a proxy comes back, and how often it does."""

from collections.abc import Mapping, Sequence

import pytest

from events.types import Seq
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from tests.support.ads_server import TestMesh, key
from tests.support.shop_xds import mesh
from xds.cache import SnapshotCache
from xds.looking_back import KnownRefusal, LookingBack
from xds.nodes import ProxyIdentity
from xds.type_urls import CLUSTER


class Log:
    """Knows a mesh before the one now, which a test's mesh translates as it does that."""

    def __init__(self) -> None:
        self.asked = 0

    def refusals(self) -> Mapping[str, KnownRefusal]:
        return {}

    def accepted(self, node: str) -> Seq | None:
        return None

    def before(self, now: Seq, most: int) -> Sequence[Seq]:
        self.asked += 1
        return [Seq(now - 1)]

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        return {}

    def settings(self, at: Seq) -> JsonObject:
        return {}


@pytest.fixture
def town() -> TestMesh:
    return TestMesh()


def test_the_log_is_asked_once_for_an_identity_until_the_mesh_is_another(town: TestMesh) -> None:
    cache, log, cart = SnapshotCache(town.translate), Log(), ProxyIdentity(key("cart"))
    cache.absorb(town.commit(cart=mesh("a=1")))
    cache.join(cart)
    back = LookingBack(cache, log)
    for _ in range(3):
        back.recognise(cart, "what nobody knows")
    assert log.asked == 1
    cache.absorb(town.commit(cart=mesh("b=1")))
    back.recognise(cart, "what nobody knows")
    assert log.asked == 2


def test_what_is_known_is_not_looked_for(town: TestMesh) -> None:
    cache, log, cart = SnapshotCache(town.translate), Log(), ProxyIdentity(key("cart"))
    cache.absorb(town.commit(cart=mesh("a=1")))
    cache.join(cart)
    snapshot = cache.resolve(cart)
    assert snapshot is not None
    LookingBack(cache, log).recognise(cart, snapshot[CLUSTER].version)
    assert log.asked == 0


def test_a_crowd_that_nobody_recognises_is_not_looked_for_to_the_last(town: TestMesh) -> None:
    cache, log = SnapshotCache(town.translate), Log()
    nodes = [f"n{number}" for number in range(100)]
    cache.absorb(town.commit(**dict.fromkeys(nodes, mesh("a=1"))))
    back = LookingBack(cache, log)
    for node in nodes:
        identity = ProxyIdentity(key(node))
        cache.join(identity)
        back.recognise(identity, "as another release wrote it")
    assert log.asked == 32
