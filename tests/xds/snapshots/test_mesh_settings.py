"""Changes of traffic settings reach connected proxies."""

from dataclasses import replace

from events.publication import Publication
from events.state import MeshState
from events.types import CommitId, Seq
from mesh.keys import Kind, ResourceKey
from mesh.resource import spec_json
from tests.support.meshes import shop_mesh
from xds.nodes import Explicit, ProxyIdentity
from xds.snapshots.cache import SnapshotCache
from xds.type_urls import CLUSTER

WEB = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"))
EXPLICIT = ProxyIdentity(WEB.key, Explicit("127.0.3.1", "127.0.3.2"))


def clusters(cache: SnapshotCache, identity: ProxyIdentity) -> list[str]:
    snapshot = cache.resolve(identity)
    assert snapshot is not None
    return list(snapshot[CLUSTER].by_name)


def test_a_change_of_settings_alone_concerns_every_proxy_and_going_back_restores_it() -> None:
    cache = SnapshotCache()
    resources = {each.key: spec_json(each.spec) for each in shop_mesh()}
    state = MeshState(Seq(1), CommitId("a"), CommitId("a"), resources)
    cache.absorb(Publication(state))
    for identity in (WEB, EXPLICIT):
        cache.join(identity)
    before = cache.resolve(WEB)
    assert "cds_egress_shop_amazonaws" not in clusters(cache, WEB)

    changed = replace(state, seq=Seq(2), settings={"egressToAws": True})
    affected = cache.absorb(Publication(changed, since=Seq(1), touched=frozenset()))
    assert set(affected) == {WEB, EXPLICIT}
    assert "cds_egress_shop_amazonaws" in clusters(cache, WEB)
    assert "cds_egress_shop_amazonaws" not in clusters(cache, EXPLICIT)

    again = replace(state, seq=Seq(3))
    assert cache.absorb(Publication(again, since=Seq(2), touched=frozenset()))
    now = cache.resolve(WEB)
    assert before is not None
    assert now is not None
    assert now.same_as(before)
    assert cache.absorb(Publication(replace(again, seq=Seq(4)), Seq(3), frozenset())) == ()
