"""Objects across files: the tree depends only on its files, and only affected files are read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.problems.problem import Problem
from reconciler.reading import kubernetes_objects
from reconciler.reading.listing import TooLarge
from reconciler.reading.tree import EMPTY, SpecTree
from tests.support.manifests import MESH, go, manifest, node, resources, service, tree_of

ROUTER = """\
listeners: [{portMapping: {port: 8080, protocol: http}}]
routes:
  - name: all
    httpRoute:
      match: {prefix: /}
      action: {weightedTargets: [{virtualNodeRef: {name: cart}, weight: 1}]}
"""
GATEWAY = "listeners: [{portMapping: {port: 80, protocol: http}}]\nnamespaceSelector: {}\n"
GATEWAY_ROUTE = """\
httpRoute:
  match: {prefix: /}
  action: {target: {virtualService: {virtualServiceRef: {name: cart}}}}
"""
OLD_SERVICE = """\
apiVersion: appmesh.k8s.aws/v1beta1
kind: VirtualService
metadata: {name: old.local, namespace: prod}
spec:
  meshName: shop
  virtualRouter: {name: old}
  routes:
    - name: a
      http:
        match: {prefix: /}
        action: {weightedTargets: [{virtualNodeName: cart, weight: 1}]}
"""
CONTENTS = (
    None,
    MESH,
    MESH.replace("{}", "{awsName: emporium, namespaceSelector: {matchLabels: {a: b}}}"),
    MESH.replace("name: shop", "name: second").replace("{}", "{namespaceSelector: {}}"),
    "meshName: native\n",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {a: b}}\n",
    node("cart"),
    node("cart", 9090),
    node("cart", 9090, "awsName: basket\n"),
    node("web", rest='backendGroups: [{name: "*"}, {name: group}]\n'),
    manifest("VirtualRouter", "cart", ROUTER),
    service("cart", "cart"),
    manifest("VirtualService", "cart", "awsName: cart.local"),
    manifest("BackendGroup", "group", "virtualservices: [{name: cart}, {name: gone}]"),
    manifest("VirtualGateway", "front", GATEWAY),
    manifest("VirtualGateway", "back", GATEWAY),
    manifest("GatewayRoute", "cart", GATEWAY_ROUTE),
    OLD_SERVICE,
    node("cart") + "---\n" + service("pay", "pay"),
    node("broken").replace("port: 8080", "port: 0"),
)
PATHS = ("a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml")
EDITS = st.lists(
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from(CONTENTS), min_size=1, max_size=4),
    min_size=1,
    max_size=6,
)


def places(tree: SpecTree) -> object:
    return {key: (r.source.path, dict(r.source.places)) for key, r in tree.graph.resources.items()}


@settings(max_examples=300, deadline=None)
@given(EDITS)
def test_a_tree_is_the_same_whatever_the_way_to_it(edits: list[dict[str, str | None]]) -> None:
    held: dict[str, str] = {}
    tree = EMPTY
    for edit in edits:
        before = tree
        reached = go(tree, edit)
        tree = reached.tree
        for path, text in edit.items():
            held.pop(path, None)
            if text is not None:
                held[path] = text
        whole = go(EMPTY, held).tree
        assert tree.problems == whole.problems
        assert tree.graph == whole.graph
        assert tree.files == whole.files
        assert tree.documents == whole.documents
        assert places(tree) == places(whole)
        assert tree.index.users == whole.index.users
        assert tree.index.collections == whole.index.collections
        one, other = before.graph.resources, tree.graph.resources
        differ = {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
        assert differ <= reached.touched


def many(count: int) -> SpecTree:
    services = {f"s{n}.yaml": manifest("VirtualService", f"s{n}", "{}") for n in range(count)}
    return go(EMPTY, {"mesh.yaml": MESH, "n.yaml": node("cart"), **services}).tree


def test_what_nobody_looks_at_changes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = many(50)
    reached = go(tree, {"s7.yaml": manifest("VirtualService", "s7", "awsName: seven")})
    assert {key.name for key in reached.touched} == {"s7.prod", "seven"}
    same = [path for path in tree.files if reached.tree.files[path] is tree.files[path]]
    assert len(same) == len(tree.files) - 1


def test_who_refers_to_a_renamed_object_is_read_again_and_nobody_else() -> None:
    caller = node("web", rest="backends: [{virtualService: {virtualServiceRef: {name: s7}}}]\n")
    tree = go(many(50), {"web.yaml": caller}).tree
    reached = go(tree, {"s7.yaml": manifest("VirtualService", "s7", "awsName: seven")})
    changed = {p for p in tree.files if reached.tree.files[p] is not tree.files[p]}
    assert changed == {"s7.yaml", "web.yaml"}
    backends = resources(reached.tree)["mesh/shop/virtualNode/web_prod"]["backends"]
    assert backends == [{"virtualService": {"virtualServiceName": "seven"}}]


def test_what_only_moves_to_another_line_is_not_read_again_elsewhere() -> None:
    caller = node("web", rest="backends: [{virtualService: {virtualServiceRef: {name: s7}}}]\n")
    tree = go(many(5), {"web.yaml": caller}).tree
    reached = go(tree, {"s1.yaml": "# moved\n" + manifest("VirtualService", "s1", "{}")})
    assert reached.tree.files["web.yaml"] is tree.files["web.yaml"]


def test_a_namespace_that_moves_takes_its_objects_to_another_mesh() -> None:
    other = MESH.replace("name: shop", "name: other")
    selecting = other.replace("{}", "{namespaceSelector: {matchLabels: {mesh: other}}}")
    first = MESH.replace("{}", "{namespaceSelector: {matchLabels: {mesh: shop}}}")
    label = "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {mesh: shop}}\n"
    tree = tree_of(first, selecting, ns=label, node=node("cart"))
    assert "mesh/shop/virtualNode/cart_prod" in resources(tree)
    moved = go(tree, {"ns.yaml": label.replace("mesh: shop", "mesh: other")}).tree
    assert "mesh/other/virtualNode/cart_prod" in resources(moved)
    assert "mesh/shop/virtualNode/cart_prod" not in resources(moved)


def test_what_stands_elsewhere_now_is_told_there() -> None:
    one = manifest("BackendGroup", "one", "virtualservices: [{name: gone}]")
    two = one.replace("name: one", "name: two")
    caller = node("web", rest="backendGroups:\n- {name: one}\n- {name: two}\n")
    tree = go(EMPTY, {"mesh.yaml": MESH, "1.yaml": one, "2.yaml": two, "web.yaml": caller}).tree
    assert [p.line for p in tree.problems] == [9]
    tree = go(tree, {"1.yaml": one.replace("{name: gone}", "")}).tree
    assert [(p.line, p.where) for p in tree.problems] == [(10, "$.spec.backendGroups[1]")]


def test_groups_cannot_unfold_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_objects, "MAX_GROUPED", 30)
    star = 'backendGroups: [{name: "*"}]\n'
    tree = go(many(10), {f"w{n}.yaml": node(f"w{n}", rest=star) for n in range(3)}).tree
    assert tree.problems == ()
    with pytest.raises(TooLarge, match=r"; w3\.yaml exceeds the limit"):
        go(tree, {"w3.yaml": node("w3", rest=star)})
    with pytest.raises(TooLarge, match=r"; w2\.yaml exceeds the limit"):
        go(tree, {"s10.yaml": manifest("VirtualService", "s10", "{}")})
    fewer = go(tree, {"w0.yaml": None, "s10.yaml": manifest("VirtualService", "s10", "{}")}).tree
    assert [p for p in fewer.problems if isinstance(p, Problem)] == []
