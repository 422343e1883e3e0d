"""Hostile manifests become problems with a line, and never exceptions."""

from typing import Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.canonical import Json, JsonObject
from mesh.problems.problem import errors
from tests.kubernetes.test_changes import CONTENTS
from tests.support.manifests import MESH, manifest, node, told, tree_of

RICH = """\
awsName: cart.local
meshRef: {name: shop, uid: x}
podSelector: {matchLabels: {a: b}}
namespaceSelector: {matchExpressions: [{key: a, operator: In, values: [b]}], matchLabels: {c: d}}
backendGroups: [{name: all, namespace: x}]
backends: [{virtualService: {virtualServiceRef: {name: a}}}]
provider: {virtualNode: {virtualNodeARN: "arn:aws:appmesh:r:1:mesh/shop/virtualNode/a"}}
routes:
- {name: a, httpRoute: {match: {prefix: /}, action: {weightedTargets: [{virtualNodeRef: {}}]}}}
virtualGatewayRef: {name: a}
virtualservices: [{name: a}]
virtualRouter: {name: a, listeners: [{portMapping: {port: 80, protocol: http}}]}
"""
KINDS: Final = (
    *("Mesh", "VirtualNode", "VirtualService", "VirtualRouter"),
    *("VirtualGateway", "GatewayRoute", "BackendGroup"),
)
DOCUMENTS: Final = [
    *(yaml.safe_load(text) for texts in CONTENTS if texts for text in texts.split("---\n")),
    *(yaml.safe_load(manifest(kind, "a", RICH)) for kind in KINDS),
    *(yaml.safe_load(manifest(kind, "a", RICH).replace("v1beta2", "v1beta1")) for kind in KINDS),
]
WRONG: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(["", "x" * 300, "a\tb", "${X}", "*", "arn:aws:appmesh:x", "é", "prod"]),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: [1, {"name": 1}, {"name": "a", "namespace": []}]),
    st.builds(lambda: {"name": "a", "x": {"y": []}}),
)


def _containers(value: Json) -> list[JsonObject | list[Json]]:
    if isinstance(value, dict):
        return [value, *(c for part in value.values() for c in _containers(part))]
    if isinstance(value, list):
        return [value, *(c for part in value for c in _containers(part))]
    return []


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_manifest_with_a_part_replaced_never_raises_and_tells_lines(
    body: JsonObject, data: st.DataObject
) -> None:
    document = yaml.safe_load(yaml.safe_dump(body))
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from(_containers(document)))
        if isinstance(holder, dict):
            keys = [*holder, "name", "awsName", "routes", "virtualNodeRef", "labels"]
            holder[data.draw(st.sampled_from(keys))] = data.draw(WRONG)
        elif holder:
            holder[data.draw(st.integers(0, len(holder) - 1))] = data.draw(WRONG)
    text = yaml.safe_dump(document, allow_unicode=True)
    tree = tree_of(text, mesh=MESH, node=node("cart"))
    lines = text.count("\n") + 1
    for problem in tree.problems:
        assert problem.message
        if problem.path == "a.yaml":
            assert 1 <= problem.line <= lines


def test_what_could_not_be_read_is_no_cause_to_call_it_missing() -> None:
    route = """\
listeners: [{portMapping: {port: 8080, protocol: http}}]
routes:
  - name: all
    httpRoute:
      match: {prefix: /}
      action: {weightedTargets: [{virtualNodeRef: {name: cart}, weight: 1}]}
"""
    broken = node("cart", 99999)
    tree = tree_of(MESH, manifest("VirtualRouter", "cart", route), n=broken)
    assert [each[:3] for each in told(tree)] == [("n.yaml", 6, "out-of-range")]


@pytest.mark.parametrize("name", ["x" * 250, "a/b", "a b"])
def test_a_name_of_kubernetes_that_makes_an_odd_one_is_read(name: str) -> None:
    tree = tree_of(MESH, node("cart").replace("{name: cart,", f"{{name: {name},"))
    assert errors(tree.problems) == []


def test_a_name_that_grows_too_long_is_told() -> None:
    tree = tree_of(MESH, node("cart").replace("{name: cart,", f"{{name: {'x' * 255},"))
    assert [each[2] for each in told(tree)] == ["wrong-length"]
