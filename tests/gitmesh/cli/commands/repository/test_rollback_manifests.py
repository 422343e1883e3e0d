"""Rollback of single resources that are written as Kubernetes manifests."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import Ran, gitmesh
from tests.support.git import Repo, git, put

NODE = "mesh/shop/virtualNode/web_prod"
ROUTER = "mesh/shop/virtualRouter/cart_prod"
Files = dict[str, str | bytes]

HEAD = "apiVersion: appmesh.k8s.aws/v1beta2\nkind: "
PLACES: Files = {
    "mesh.yaml": f"{HEAD}Mesh\nmetadata: {{name: shop}}\n"
    "spec: {namespaceSelector: {matchLabels: {mesh: shop}}}\n",
    "ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {mesh: shop}}\n",
}


def node(name: str, port: int) -> str:
    return (
        f"{HEAD}VirtualNode\nmetadata: {{name: {name}, namespace: prod}}\nspec:\n"
        f"  listeners: [{{portMapping: {{port: {port}, protocol: http}}}}]  # of {name}\n"
        f"  serviceDiscovery: {{dns: {{hostname: {name}.prod.svc.cluster.local}}}}\n"
    )


def route(name: str, prefix: str) -> str:
    return (
        f"    - name: {name}\n      httpRoute:\n        match: {{prefix: {prefix}}}\n"
        "        action: {weightedTargets: [{virtualNodeRef: {name: web}, weight: 1}]}\n"
    )


def router(*routes: str, port: int = 8080) -> str:
    return (
        f"{HEAD}VirtualRouter\nmetadata: {{name: cart, namespace: prod}}\nspec:\n"
        f"  listeners: [{{portMapping: {{port: {port}, protocol: http}}}}]\n  routes:\n"
        + "".join(routes)
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return Repo(tmp_path).origin


def keep(bare: Path, files: Files, minute: int = 0) -> str:
    return put(bare, {**PLACES, **files}, minute=minute)


def rollback(bare: Path, to: str, *only: str) -> Ran:
    return gitmesh("rollback", to, "--repo", bare, *(w for key in only for w in ("--only", key)))


def blob(bare: Path, path: str) -> str:
    return git(bare, "show", f"main:{path}") + "\n"


def test_the_document_becomes_what_it_was_and_its_neighbours_stay(bare: Path) -> None:
    then = "# All.\n" + node("api", 1) + "---\n# The web.\n" + node("web", 80)
    now = node("web", 81) + "---\n# Moved.\n" + node("api", 2) + "---\n" + node("db", 3)
    first = keep(bare, {"nodes.yaml": then})
    keep(bare, {"other.yaml": now}, 1)
    done = rollback(bare, first, NODE)
    assert (done.code, done.err) == (0, "")
    assert "virtual node web_prod: listeners[0].portMapping.port 81 → 80" in done.out
    expected = "# The web.\n" + node("web", 80) + now.removeprefix(node("web", 81))
    assert blob(bare, "other.yaml") == expected
    assert git(bare, "diff", "--name-only", "main~1", "main") == "other.yaml"


def test_what_is_gone_comes_back_and_what_was_not_there_goes(bare: Path) -> None:
    first = keep(bare, {"nodes.yaml": node("web", 80) + "---\n" + node("api", 1)})
    second = keep(bare, {"nodes.yaml": node("api", 2), "db.yaml": node("db", 3)}, 1)
    assert rollback(bare, first, NODE).code == 0
    assert blob(bare, "nodes.yaml") == node("api", 2) + "---\n" + node("web", 80)
    assert rollback(bare, first, "mesh/shop/virtualNode/db_prod").code == 0
    assert git(bare, "diff", "--name-status", second, "main") == "D\tdb.yaml\nM\tnodes.yaml"


def test_a_route_is_restored_if_nothing_else_in_its_router_was_changed(bare: Path) -> None:
    web = {"web.yaml": node("web", 80)}
    first = keep(bare, {**web, "cart.yaml": router(route("all", "/"), route("old", "/old"))})
    changed = router(route("all", "/new"), route("old", "/old"))
    keep(bare, {**web, "cart.yaml": changed}, 1)
    assert rollback(bare, first, f"{ROUTER}/route/all").code == 0
    assert blob(bare, "cart.yaml") == router(route("all", "/"), route("old", "/old"))

    gone = keep(bare, {**web, "cart.yaml": router(route("all", "/"))}, 2)
    assert rollback(bare, first, f"{ROUTER}/route/old").code == 0
    assert blob(bare, "cart.yaml") == router(route("all", "/"), route("old", "/old"))
    assert rollback(bare, gone, f"{ROUTER}/route/old").code == 0
    assert blob(bare, "cart.yaml") == router(route("all", "/"))


@pytest.mark.parametrize(
    "now",
    [
        router(route("all", "/new"), route("old", "/older")),
        router(route("all", "/new")),
        router(route("all", "/new"), route("old", "/old"), port=81),
    ],
    ids=["a neighbour changed", "a neighbour is gone", "the router changed"],
)
def test_what_cannot_be_told_apart_is_refused_and_nothing_changes(bare: Path, now: str) -> None:
    web = {"web.yaml": node("web", 80)}
    first = keep(bare, {**web, "cart.yaml": router(route("all", "/"), route("old", "/old"))})
    tip = keep(bare, {**web, "cart.yaml": now}, 1)
    refused = rollback(bare, first, f"{ROUTER}/route/all")
    assert refused.code != 0
    assert "cannot be changed without other resources" in refused.err
    assert git(bare, "rev-parse", "main") == tip


def test_both_parts_of_one_manifest_can_be_restored_together(bare: Path) -> None:
    web = {"web.yaml": node("web", 80)}
    first = keep(bare, {**web, "cart.yaml": router(route("all", "/"))})
    keep(bare, {**web, "cart.yaml": router(route("all", "/new"), port=81)}, 1)
    assert rollback(bare, first, ROUTER, f"{ROUTER}/route/all").code == 0
    assert blob(bare, "cart.yaml") == router(route("all", "/"))


def test_a_manifest_and_a_document_of_app_mesh_are_not_reconciled(bare: Path) -> None:
    native = (
        "kind: VirtualNode\nmeshName: shop\nvirtualNodeName: web_prod\nspec:\n"
        "  listeners: [{portMapping: {port: 81, protocol: http}}]\n"
        "  serviceDiscovery: {dns: {hostname: web.local}}\n"
    )
    first = keep(bare, {"web.yaml": node("web", 80)})
    second = keep(bare, {"web.yaml": native}, 1)
    refused = rollback(bare, first, NODE)
    assert (refused.code, "is a Kubernetes manifest, the other is not" in refused.err) == (2, True)
    keep(bare, {"web.yaml": node("web", 80)}, 2)
    refused = rollback(bare, second, NODE)
    assert (refused.code, "is a Kubernetes manifest, the other is not" in refused.err) == (2, True)


def test_a_manifest_in_json_is_restored_and_not_mixed_with_yaml(bare: Path) -> None:
    def as_json(port: int) -> str:
        spec = {
            "listeners": [{"portMapping": {"port": port, "protocol": "http"}}],
            "serviceDiscovery": {"dns": {"hostname": "web.local"}},
        }
        head = {"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": "VirtualNode"}
        return json.dumps({**head, "metadata": {"name": "web", "namespace": "prod"}, "spec": spec})

    first = keep(bare, {"web.json": as_json(80)})
    keep(bare, {"web.json": as_json(81)}, 1)
    assert rollback(bare, first, NODE).code == 0
    assert json.loads(blob(bare, "web.json")) == json.loads(as_json(80))
    keep(bare, {"web.yaml": node("web", 82)}, 2)
    refused = rollback(bare, first, NODE)
    assert (refused.code, "are JSON and YAML" in refused.err) == (2, True)
