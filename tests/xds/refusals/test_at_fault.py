"""Resources and specs that caused a refusal."""

from collections.abc import Mapping

import pytest

from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource
from tests.support.meshes import a_mesh, a_node, a_route, a_router, a_service
from xds.nodes import ProxyIdentity
from xds.protocol.response import Nack
from xds.refusals.refusal_causes import mentioned_values, mentions, refused_names, specs_at_fault
from xds.snapshots.snapshot import resource_name
from xds.translate import translate
from xds.type_urls import CLUSTER, LISTENER, ROUTE, TypeUrl
from xds.wire.decode import ErrorDetail
from xds.wire.encode import encode

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
V1 = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "v1")
ALL = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")


def shop(*, v1_port: int = 8080, weight: int = 1, hostname: str = "v1.local") -> MeshGraph:
    return link(
        [
            a_mesh(),
            a_node("web", 8080, backends=["cart.local"]),
            a_node("v1", v1_port, hostname=hostname),
            a_node("v2", 8080),
            a_service("cart.local", router="cart"),
            a_router("cart", 8080),
            a_route("cart", "all", {"v1": weight, "v2": 1}),
        ]
    )


def found(message: str, type_url: TypeUrl, before: MeshGraph, after: MeshGraph) -> list[str]:
    def build(graph: MeshGraph) -> Mapping[str, bytes]:
        made = translate(graph, ProxyIdentity(WEB))[type_url]
        return {resource_name(type_url, m): encode(m) for m in made}

    changed: dict[ResourceKey, Resource | None] = {
        key: before.get(key)
        for key in after.resources
        if before.get(key) is None or before.resources[key] != after.resources[key]
    }
    return [key.name for key in specs_at_fault(message, after, changed, build)]


def test_only_what_would_make_the_refused_resources_different_is_at_fault() -> None:
    before, after = shop(), shop(weight=3, hostname="elsewhere.local")
    assert found("no", ROUTE, before, after) == ["all"]
    assert found("no", CLUSTER, before, after) == ["v1"]


def test_of_several_the_one_counts_whose_value_the_message_mentions() -> None:
    nothing = MeshGraph()
    told = found("cannot use 'elsewhere.local'", CLUSTER, nothing, shop(hostname="elsewhere.local"))
    assert told == ["v1"]


def test_where_nothing_tells_them_apart_all_that_changed_may_be_at_fault() -> None:
    assert found("no", LISTENER, shop(), shop(weight=3)) == ["all"]


@pytest.mark.parametrize(
    ("message", "text", "there"),
    [
        ("cannot open '/logs/a'", "/logs/a", True),
        ("cannot open '/logs/a.txt'", "/logs/a", True),
        ("cannot open '/logs/ab'", "/logs/a", False),
        ("cannot open '/var/logs/a'", "/logs/a", False),
        ("cds_egress_shop_v1_http_8080: bad", "cds_egress_shop_v1_http_80", False),
        ("cds_egress_shop_v1_http_80: bad", "cds_egress_shop_v1_http_80", True),
        ("the web is bad", "web", False),
    ],
)
def test_a_message_mentions_a_text_as_a_word(message: str, text: str, there: bool) -> None:
    assert mentions(message, text) is there


def test_the_longest_text_that_is_mentioned_is_the_telling_one() -> None:
    spec: JsonObject = {"a": [{"b": "/logs"}], "c": {"d": "/logs/web.txt"}, "e": 5}
    places = list(mentioned_values("cannot open /logs/web.txt", spec))
    assert places[0] == ("c", "d")


def refusal(message: str, *names: str) -> Nack:
    return Nack(LISTENER, "v", names, ErrorDetail(3, message))


def test_the_resources_at_fault_are_those_that_the_message_names() -> None:
    assert refused_names(refusal("bad lds_b: no", "lds_a", "lds_b")) == ("lds_b",)
    assert refused_names(refusal("no", "lds_b", "lds_a")) == ("lds_a", "lds_b")
    many = [f"lds_{number:03}" for number in range(50)]
    assert len(refused_names(refusal("no", *many))) == 20
