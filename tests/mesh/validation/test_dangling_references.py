"""References to what does not exist: errors, or warnings and 503 where the settings allow them."""

import pytest

from mesh.graph.mesh_settings import MeshSettings
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph, link, relink, with_settings
from mesh.problems.problem import Severity
from mesh.resource import Resource
from mesh.routing import Outcome, decide, read_request
from tests.support.meshes import (
    a_gateway,
    a_gateway_route,
    a_mesh,
    a_node,
    a_route,
    a_router,
    a_service,
)

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
FRONT = ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front")
ALLOWED = MeshSettings(allow_dangling_references=True)
PRESENT = [
    a_mesh(),
    a_node("web", 8080, backends=["cart.local"]),
    a_node("v1", 8080),
    a_service("cart.local", router="cart"),
    a_service("late.local", router="late"),
    a_router("cart", 8080),
    a_route("cart", "half", {"v1": 1, "v2": 1}, match={"prefix": "/half"}),
    a_route("cart", "idle", {"v1": 1, "v2": 0}, match={"prefix": "/idle"}),
    a_route("gone", "all", {"v1": 1}),
    a_gateway("front", 8088),
    a_gateway_route("front", "late", "late.local", match={"prefix": "/late/"}),
    a_gateway_route("front", "none", "none.local", match={"prefix": "/none/"}),
]
LATER: list[Resource] = [
    a_node("v2", 8080),
    a_router("late", 8080),
    a_route("late", "all", {"v1": 1}),
    a_router("gone", 8080),
    a_service("none.local", node="v1"),
]


def outcome(graph: MeshGraph, caller: ResourceKey, url: str) -> Outcome:
    return decide(graph, caller, read_request(url)).outcome


def test_they_are_errors_and_where_allowed_warnings() -> None:
    strict = link(PRESENT)
    loose = with_settings(strict, ALLOWED)
    found = [
        [(each.code, each.severity, each.path) for each in graph.problems]
        for graph in (strict, loose)
    ]
    paths = [path for _, _, path in found[0]]
    assert len(paths) == 5
    assert found[0] == [("dangling-reference", Severity.ERROR, path) for path in paths]
    assert found[1] == [("dangling-reference", Severity.WARNING, path) for path in paths]


@pytest.mark.parametrize(
    ("caller", "url"),
    [
        (WEB, "http://cart.local:8080/half"),
        (FRONT, "http://x:8088/late/"),
        (FRONT, "http://x:8088/none/"),
    ],
)
def test_the_routes_that_need_them_answer_503_until_they_exist(
    caller: ResourceKey, url: str
) -> None:
    graph = with_settings(link(PRESENT), ALLOWED)
    assert outcome(graph, caller, url) is Outcome.UNAVAILABLE
    whole = relink(graph, {each.key: each for each in LATER})
    assert whole.problems == ()
    assert outcome(whole, caller, url) is Outcome.ROUTED
    assert caller in whole.dependents(each.key for each in LATER)


def test_a_target_without_weight_is_not_needed() -> None:
    graph = with_settings(link(PRESENT), ALLOWED)
    assert outcome(graph, WEB, "http://cart.local:8080/idle") is Outcome.ROUTED
