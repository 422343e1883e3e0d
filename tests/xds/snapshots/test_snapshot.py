"""Snapshots: content versions, shared equal objects, and no dangling names."""

import hashlib
import subprocess
import sys

import pytest
from envoy_data_plane.envoy.config.core.v3 import ControlPlane
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain, Listener
from envoy_data_plane.envoy.config.route.v3 import (
    RouteAction,
    RouteActionRequestMirrorPolicy,
    RouteConfiguration,
)
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
)
from envoy_data_plane.envoy.extensions.filters.network.tcp_proxy.v3 import (
    TcpProxy,
    TcpProxyWeightedCluster,
    TcpProxyWeightedClusterClusterWeight,
)
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryResponse
from envoy_data_plane.google.protobuf import Any

from tests.support import shop_xds
from tests.support.shop_xds import mesh
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import InconsistentSnapshot, build_snapshot
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ORDER, ROUTE
from xds.wire.encode import encode
from xds.wire.references import references
from xds.wire.response import complete, identifier_field


def test_a_version_is_the_hash_of_the_types_resources_sorted_by_name() -> None:
    one = build_snapshot(Pool(), mesh("a=1", "b=1"))
    two = build_snapshot(
        Pool(), {**mesh("a=1", "b=1"), CLUSTER: tuple(reversed(mesh("a=1", "b=1")[CLUSTER]))}
    )
    assert one.versions == two.versions
    entries = b"".join(resource.entry for resource in one[CLUSTER].all)
    assert one[CLUSTER].version == hashlib.sha256(entries).hexdigest()[:16]


def test_a_change_of_one_type_changes_the_version_of_that_type_only() -> None:
    pool = Pool()
    one, two = build_snapshot(pool, mesh("a=1")), build_snapshot(pool, mesh("a=2"))
    assert one[ROUTE].version != two[ROUTE].version
    assert {t: one[t] for t in ORDER if t != ROUTE} == {t: two[t] for t in ORDER if t != ROUTE}


def test_equal_content_is_the_same_object_across_nodes_and_versions() -> None:
    pool = Pool()
    one = build_snapshot(pool, mesh("a=1", "b=1"))
    build_snapshot(pool, mesh("c=1"))
    again = build_snapshot(pool, mesh("a=1", "b=1"))
    assert again.same_as(one)
    assert all(again[type_url] is one[type_url] for type_url in ORDER)
    other = build_snapshot(pool, mesh("a=1"))
    assert other[CLUSTER].by_name["a"] is one[CLUSTER].by_name["a"]


def test_a_revert_gets_the_very_objects_that_were_served_before() -> None:
    pool = Pool()
    before = build_snapshot(pool, mesh("a=1"))
    version, body = before[ROUTE].version, before[ROUTE].body(before[ROUTE].all)
    del before
    build_snapshot(pool, mesh("a=2"))
    after = build_snapshot(pool, mesh("a=1"))
    assert after[ROUTE].body(after[ROUTE].all) is body
    assert pool.recall(ROUTE, version) is after[ROUTE]


def test_what_was_not_used_for_long_is_forgotten() -> None:
    pool = Pool(recent_bytes=1000)
    version = build_snapshot(pool, mesh("a=1"))[CLUSTER].version
    for number in range(20):
        build_snapshot(pool, mesh(f"x{number}=1"))
    assert pool.recall(CLUSTER, version) is None


def test_two_processes_with_different_hash_seeds_build_the_same_bytes() -> None:
    program = (
        "import warnings; warnings.simplefilter('ignore');"
        "from tests.support.shop_xds import mesh;"
        "from xds.snapshots.resources import Pool;"
        "from xds.snapshots.snapshot import build_snapshot;"
        "s = build_snapshot(Pool(), mesh('a=1', 'b=2', 'c=3'));"
        "print(sorted(s.versions.items()))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_a_response_is_what_betterproto2_would_write_of_the_same() -> None:
    resources = build_snapshot(Pool(), mesh("a=1", "b=1"))[CLUSTER]
    whole = complete(resources.body(resources.all), "17", identifier_field("gitmesh/abc"))
    response = DiscoveryResponse.parse(whole)
    assert response == DiscoveryResponse(
        version_info=resources.version,
        resources=[
            Any(type_url=CLUSTER, value=encode(cluster)) for cluster in mesh("a=1", "b=1")[CLUSTER]
        ],
        type_url=CLUSTER,
        nonce="17",
        control_plane=ControlPlane(identifier="gitmesh/abc"),
    )


@pytest.mark.parametrize("missing", [CLUSTER, ENDPOINT, ROUTE])
def test_a_name_that_leads_nowhere_is_refused(missing: str) -> None:
    translation = {t: each for t, each in mesh("a=1").items() if t != missing}
    with pytest.raises(InconsistentSnapshot, match="which is not there"):
        build_snapshot(Pool(), translation)


def test_two_resources_of_one_name_are_refused() -> None:
    cluster = shop_xds.static_cluster("a")
    with pytest.raises(InconsistentSnapshot, match="have one name"):
        build_snapshot(Pool(), {CLUSTER: (cluster, cluster)})


def test_references_of_every_kind_are_found_in_the_bytes() -> None:
    assert references(CLUSTER, encode(shop_xds.eds_cluster("a"))) == {(ENDPOINT, "a")}
    assert references(CLUSTER, encode(shop_xds.static_cluster("a"))) == frozenset()
    named = shop_xds.eds_cluster("a")
    assert named.eds_cluster_config is not None
    named.eds_cluster_config.service_name = "b"
    assert references(CLUSTER, encode(named)) == {(ENDPOINT, "b")}
    weighted = shop_xds.routes("r", a=1, b=2)
    assert references(ROUTE, encode(weighted)) == {(CLUSTER, "a"), (CLUSTER, "b")}
    assert references(ROUTE, encode(_single("c", mirror="d"))) == {(CLUSTER, "c"), (CLUSTER, "d")}
    by_name = encode(shop_xds.http_listener("l", 1, "r"))
    assert references(LISTENER, by_name) == {(ROUTE, "r")}
    inline = HttpConnectionManager(stat_prefix="x", route_config=_single("c"))
    assert references(LISTENER, _listener(inline, "http_connection_manager")) == {(CLUSTER, "c")}
    tcp = TcpProxy(stat_prefix="x", cluster="a")
    assert references(LISTENER, _listener(tcp, "tcp_proxy")) == {(CLUSTER, "a")}
    shares = [TcpProxyWeightedClusterClusterWeight(name="b", weight=1)]
    split = TcpProxy(stat_prefix="x", weighted_clusters=TcpProxyWeightedCluster(clusters=shares))
    assert references(LISTENER, _listener(split, "tcp_proxy")) == {(CLUSTER, "b")}


def _single(cluster: str, mirror: str = "") -> RouteConfiguration:
    routes = shop_xds.routes("r", x=1)
    policies = [RouteActionRequestMirrorPolicy(cluster=mirror)] if mirror else []
    routes.virtual_hosts[0].routes[0].route = RouteAction(
        cluster=cluster, request_mirror_policies=policies
    )
    return routes


def _listener(config: HttpConnectionManager | TcpProxy, kind: str) -> bytes:
    url = f"type.googleapis.com/envoy.extensions.filters.network.{kind}.v3.{type(config).__name__}"
    packed = Filter(name=kind, typed_config=Any(type_url=url, value=encode(config)))
    return encode(Listener(name="l", default_filter_chain=FilterChain(filters=[packed])))
