"""Resources that Kubernetes manifests define are changed in their manifests, in place."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.service.changes.planned_commit import Authorship, commit
from gitmesh.service.changes.resource_change import SpecChanges, change_resources
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Person
from reconciler.reading.reader import TreeReader
from tests.gitmesh.cli.commands.repository.test_rollback_manifests import (
    HEAD,
    PLACES,
    blob,
    keep,
    node,
    route,
    router,
)
from tests.support.git import Repo, git

WEB = ResourceKey.parse("mesh/shop/virtualNode/web_prod")
DB = ResourceKey.parse("mesh/shop/virtualNode/db_prod")
ROUTER = ResourceKey.parse("mesh/shop/virtualRouter/cart_prod")
ALL = ResourceKey.parse("mesh/shop/virtualRouter/cart_prod/route/all")
OLD = ResourceKey.parse("mesh/shop/virtualRouter/cart_prod/route/old")
SERVICE = ResourceKey.parse("mesh/shop/virtualService/cart.local")
ADA = Authorship(Person("Ada", "ada@shop.example"), Person("gitmesh", "gitmesh@shop.example"))
OTHER = (
    f"{HEAD}VirtualNode\nmetadata: {{name: far, namespace: other}}\nspec:\n"
    "  awsName: far-away\n"
    "  listeners: [{portMapping: {port: 80, protocol: http}}]\n"
    "  serviceDiscovery: {dns: {hostname: far}}\n"
)
PROVIDED = (
    f"{HEAD}VirtualService\nmetadata: {{name: cart, namespace: prod}}\nspec:\n"
    "  awsName: cart.local  # as callers know it\n"
    "  provider: {virtualRouter: {virtualRouterRef: {name: cart}}}\n"
)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other, labels: {mesh: shop}}\n"
    keep(
        bare,
        {
            "other.yaml": f"{other}---\n{OTHER}",
            "nodes.yaml": "# All.\n" + node("api", 1) + "---\n# The web.\n" + node("web", 8080),
            "cart.yaml": router(route("all", "/"), route("old", "/old")),
            "service.yaml": PROVIDED,
        },
    )
    return bare


def specs(bare: Path) -> dict[ResourceKey, JsonObject]:
    repo = GitRepository.open(bare)
    graph = TreeReader(repo).read(repo.tree_of(repo.tip())).tree.graph
    return {key: spec_json(found.spec) for key, found in graph.resources.items()}


def make(bare: Path, wanted: SpecChanges) -> None:
    repo = GitRepository.open(bare)
    planned = change_resources(repo, repo.tip(), wanted)
    assert planned.errors == []
    before = specs(bare)
    commit(repo, None, planned, "Change\n", ADA, command="test")
    changed = {key: spec for key, spec in wanted.items() if spec is not None}
    kept = {key: spec for key, spec in before.items() if key not in wanted}
    assert specs(bare) == {**kept, **changed}


def to(*nodes: str, prefix: str = "/") -> JsonObject:
    targets: JsonObject = {
        "weightedTargets": [{"virtualNode": name, "weight": 1} for name in nodes]
    }
    return {"httpRoute": {"match": {"prefix": prefix}, "action": targets}}


def test_a_node_changes_in_its_document_and_its_comments_stay(bare: Path) -> None:
    spec = specs(bare)[WEB]
    spec["listeners"] = [{"portMapping": {"port": 8080, "protocol": "http2"}}]
    spec["backends"] = [{"virtualService": {"virtualServiceName": "cart.local"}}]
    make(bare, {WEB: spec})
    found = blob(bare, "nodes.yaml")
    assert found.startswith("# All.\n" + node("api", 1) + "---\n# The web.\n")
    assert "protocol: http2}}] # of web\n" in found
    assert "virtualServiceRef:\n" in found
    assert "name: cart" in found
    assert git(bare, "diff", "--name-only", "main~1", "main") == "nodes.yaml"


def test_routes_change_in_their_router_and_name_objects_as_manifests_do(bare: Path) -> None:
    make(bare, {ALL: to("web_prod", "far-away", prefix="/new")})
    found = blob(bare, "cart.yaml")
    assert "{virtualNodeRef: {name: web}, weight: 1}" in found
    assert "{virtualNodeRef: {name: far, namespace: other}, weight: 1}" in found
    assert found.endswith(route("old", "/old"))


def test_several_parts_of_one_manifest_change_together(bare: Path) -> None:
    listeners: JsonObject = {"listeners": [{"portMapping": {"port": 81, "protocol": "http"}}]}
    make(bare, {ROUTER: listeners, ALL: to("web_prod", prefix="/a"), OLD: None})
    assert blob(bare, "cart.yaml") == router(route("all", "/a"), port=81)


def test_a_service_gets_another_provider_or_none(bare: Path) -> None:
    make(bare, {SERVICE: {"provider": {"virtualNode": {"virtualNodeName": "web_prod"}}}})
    found = blob(bare, "service.yaml")
    assert "awsName: cart.local # as callers know it" in found
    assert "virtualNodeRef" in found
    make(bare, {SERVICE: {}})
    make(bare, {SERVICE: None})
    assert "service.yaml" not in git(bare, "ls-tree", "-r", "--name-only", "main")


def test_what_no_manifest_names_is_named_by_its_arn(bare: Path) -> None:
    native: JsonObject = {
        "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": "db"}},
    }
    make(bare, {DB: native, ALL: to("db_prod")})
    assert "virtualNodeARN: arn:aws:appmesh:" in blob(bare, "cart.yaml")


def test_the_mesh_and_certificates_keep_the_names_of_manifests(bare: Path) -> None:
    mesh = ResourceKey.of_mesh("shop")
    make(bare, {mesh: {"serviceDiscovery": {"ipPreference": "IPv4_ONLY"}}})
    assert "meshServiceDiscovery: {ipPreference: IPv4_ONLY}" in blob(bare, "mesh.yaml").replace(
        "meshServiceDiscovery:\n    ipPreference: IPv4_ONLY",
        "meshServiceDiscovery: {ipPreference: IPv4_ONLY}",
    )
    assert "namespaceSelector: {matchLabels: {mesh: shop}}" in blob(bare, "mesh.yaml")
    spec = specs(bare)[WEB]
    acm: JsonObject = {"acm": {"certificateArn": "arn:aws:acm:::certificate/a"}}
    tls: JsonObject = {"mode": "STRICT", "certificate": acm}
    port: JsonObject = {"port": 8080, "protocol": "http"}
    make(bare, {WEB: {**spec, "listeners": [{"portMapping": port, "tls": tls}]}})
    assert 'certificateARN: "arn:aws:acm:::certificate/a"' in blob(bare, "nodes.yaml")


def test_json_stays_json(bare: Path) -> None:
    body = {
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualNode",
        "metadata": {"name": "db", "namespace": "prod"},
        "spec": {
            "listeners": [{"portMapping": {"port": 80, "protocol": "http"}}],
            "serviceDiscovery": {"dns": {"hostname": "db.local"}},
        },
    }
    keep(bare, {"db.json": json.dumps(body)}, 1)
    spec = specs(bare)[DB]
    spec["serviceDiscovery"] = {"dns": {"hostname": "other.local"}}
    make(bare, {DB: spec})
    assert json.loads(blob(bare, "db.json"))["metadata"] == body["metadata"]


def test_an_old_manifest_is_changed_by_hand(bare: Path) -> None:
    old = (
        node("db", 80).replace("v1beta2", "v1beta1").replace("spec:\n", "spec:\n  meshName: shop\n")
    )
    keep(bare, {"db.yaml": old}, 1)
    key = next(key for key in specs(bare) if key.name.startswith("db"))
    with pytest.raises(UsageError, match="v1beta1"):
        make(bare, {key: {**specs(bare)[key], "backends": []}})


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["web_prod", "far-away", "api_prod"]), min_size=1, unique=True),
    st.integers(0, 3),
    st.booleans(),
)
def test_any_route_can_be_set_and_set_back(
    tmp_path_factory: pytest.TempPathFactory, nodes: list[str], priority: int, retried: bool
) -> None:
    bare = Repo(tmp_path_factory.mktemp("route")).origin
    other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other, labels: {mesh: shop}}\n"
    text = router(route("all", "/"), route("old", "/old"))
    files = {"o.yaml": f"{other}---\n{OTHER}", "n.yaml": node("web", 80), "c.yaml": text}
    keep(bare, {**PLACES, **files, "a.yaml": node("api", 80)})
    before = specs(bare)[ALL]
    spec = to(*nodes)
    spec["priority"] = priority
    if retried:
        http = spec["httpRoute"]
        assert isinstance(http, dict)
        http["retryPolicy"] = {
            "maxRetries": 1, "perRetryTimeout": {"unit": "s", "value": 1},
            "httpRetryEvents": ["gateway-error"],
        }  # fmt: skip
    make(bare, {ALL: spec})
    make(bare, {ALL: before})
