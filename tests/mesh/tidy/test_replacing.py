"""Changing one document of a file leaves the rest unchanged."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey
from mesh.parsing.document import read_documents
from mesh.reading.native import native_document, read_resources
from mesh.reading.tags import tags_of
from mesh.resource import Resource, spec_json
from mesh.tidy.formatting import document_text
from mesh.tidy.replacing import (
    NotReplaceable,
    document_of,
    with_document,
    with_spec,
    with_tags,
    without,
)
from tests.support.spec_strategies import resources

FIRST = "# Before.\nkind: Mesh\nmeshName:   before   # oddly spaced\n"
LAST = "# After.\nkind: Mesh\nmeshName: after\n"
PAIRS = st.sampled_from(APP_MESH_KINDS).flatmap(
    lambda kind: st.tuples(resources(kind), resources(kind))
)


def file_of(*documents: str) -> bytes:
    return "---\n".join(documents).encode()


def read(blob: bytes, path: str = "a.yaml") -> dict[ResourceKey, object]:
    return {r.key: spec_json(r.spec) for r in read_resources(path, blob).resources}


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_any_spec_can_take_the_place_of_any_other(pair: tuple[Resource, Resource]) -> None:
    one, other = pair
    spec = spec_json(other.spec)
    blob = file_of(FIRST, document_text(native_document(one)), LAST)
    after = with_spec("a.yaml", blob, one, spec)
    assert read(after) == {**read(blob), one.key: spec}
    assert after.startswith(f"{FIRST}---\n".encode())
    assert after.endswith(f"---\n{LAST}".encode())
    gone = without("a.yaml", after, one.key)
    assert gone == file_of(FIRST, LAST)
    back = with_document("a.yaml", gone, document_of("a.yaml", after, one))
    assert read(back) == read(after)


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_json_is_written_as_json(pair: tuple[Resource, Resource]) -> None:
    one, other = pair
    blob = json.dumps({**native_document(one), "tags": []}).encode()
    after = with_spec("a.json", blob, one, spec_json(other.spec))
    assert json.loads(after) == {
        **native_document(one),
        "tags": [],
        "spec": spec_json(other.spec),
    }
    assert without("a.json", after, one.key) is None


ROUTE = """\
---
# All of the cart.
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  httpRoute:
    match: {prefix: /}   # everything
    action:
      weightedTargets:
        # the old one
        - {virtualNode: cart-v1, weight: 90}
        - {virtualNode: cart-v2, weight: 10}
    timeout:
      perRequest: {value: 5, unit: s}
"""


def test_comments_stay_with_what_stays() -> None:
    [route] = read_resources("a.yaml", ROUTE.encode()).resources
    spec = json.loads(json.dumps(spec_json(route.spec)))
    targets = spec["httpRoute"]["action"]["weightedTargets"]
    targets[0]["weight"] = 50
    targets[1:] = [{"virtualNode": "cart-v3", "weight": 50}, {"virtualNode": "v4", "weight": 0}]
    del spec["httpRoute"]["timeout"]
    assert (
        with_spec("a.yaml", ROUTE.encode(), route, spec).decode()
        == """\
---
# All of the cart.
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  httpRoute:
    match: {prefix: /} # everything
    action:
      weightedTargets:
        # the old one
        - {virtualNode: cart-v1, weight: 50}
        - {virtualNode: cart-v3, weight: 50}
        - {virtualNode: v4, weight: 0}
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: shop}\nspec: {}\n",
        "kind: Mesh\nmeshName: other\n",
        "",
    ],
)
def test_what_is_no_document_of_its_own_is_refused(text: str) -> None:
    [mesh] = read_resources("a.yaml", b"kind: Mesh\nmeshName: shop\n").resources
    with pytest.raises(NotReplaceable):
        with_spec("a.yaml", text.encode(), mesh, {})
    with pytest.raises(NotReplaceable):
        with_document("a.json", b'{"kind": "Mesh", "meshName": "other"}', "{}")


def test_a_mesh_without_a_spec_gets_one() -> None:
    [mesh] = read_resources("a.yaml", b"meshName: shop\n").resources
    after = with_spec("a.yaml", b"meshName: shop\n", mesh, {"egressFilter": {"type": "ALLOW_ALL"}})
    assert after == b"meshName: shop\nspec:\n  egressFilter:\n    type: ALLOW_ALL\n"
    assert mesh.key.kind is Kind.MESH


TAGS = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(APP_MESH_KINDS).flatmap(resources), TAGS, TAGS, st.booleans())
def test_tags_change_and_nothing_else_does(
    resource: Resource, tags: dict[str, str], other: dict[str, str], in_json: bool
) -> None:
    path = "a.json" if in_json else "a.yaml"
    body = native_document(resource)
    blob = json.dumps(body).encode() if in_json else file_of(FIRST, document_text(body), LAST)
    before = read(blob, path)
    for wanted in (tags, other, {}):
        blob = with_tags(path, blob, resource, wanted)
        assert tags_of(path, blob, resource.key) == wanted
        assert read(blob, path) == before


def test_comments_of_other_tags_stay_when_one_is_removed() -> None:
    text = (
        "kind: Mesh\nmeshName: shop\ntags:\n  # Who pays.\n  - key: cost\n    value: a\n"
        "  - key: team  # us\n    value: b\n"
    )
    mesh = read_resources("a.yaml", text.encode()).resources[0]
    after = with_tags("a.yaml", text.encode(), mesh, {"team": "b"}).decode()
    assert after == "kind: Mesh\nmeshName: shop\ntags:\n  - key: team # us\n    value: b\n"


def test_other_scalars_change_nothing_else_of_the_text() -> None:
    text = (
        "# All.\r\nkind:   Route   # odd\r\nmeshName: 'shop'\r\nvirtualRouterName: cart\r\n"
        'routeName: "all"\r\nspec:\r\n    httpRoute:\r\n        match:  { prefix:  "/a" }\r\n'
        "        action: {weightedTargets: [ {virtualNode: 'v1', weight: 90}, # old\r\n"
        "            {virtualNode: v2,   weight: 10 } ] }\r\n"
    )
    blob = f"{FIRST}---\n{text}".encode()
    [_, route] = read_resources("a.yaml", blob).resources
    spec = json.loads(json.dumps(spec_json(route.spec)))
    targets = spec["httpRoute"]["action"]["weightedTargets"]
    targets[0] |= {"weight": 50, "virtualNode": "it's"}
    targets[1]["weight"] = 50
    spec["httpRoute"]["match"]["prefix"] = "/b"
    after = with_spec("a.yaml", blob, route, spec)
    wanted = text.replace("90", "50").replace("10", "50").replace("/a", "/b")
    assert after.decode() == f"{FIRST}---\n{wanted.replace('v1', 'it' + chr(39) * 2 + 's')}"


@settings(max_examples=40, deadline=None)
@given(resources(*APP_MESH_KINDS), st.randoms())
def test_any_scalar_can_be_replaced(resource: Resource, random: Random) -> None:
    blob = file_of(FIRST, document_text(native_document(resource)), LAST)
    spec = spec_json(resource.spec)

    def other(value: object) -> object:
        match value:
            case dict():
                return {key: other(each) for key, each in value.items()}
            case list():
                return [other(each) for each in value]
            case str() if random.random() < 0.5:
                return random.choice(["'", '"', "a: b", "# x", "é", " ", "no", "1", "x\ny", ", ]}"])
            case bool() | str():
                return value
        return random.randint(0, 100)

    changed = other(spec)
    assert isinstance(changed, dict)
    after = with_spec("a.yaml", blob, resource, changed)
    bodies = [document.body for document in read_documents("a.yaml", after).documents]
    assert bodies[1] == {**native_document(resource), "spec": changed}
    assert after.startswith(f"{FIRST}---\n".encode())
    assert after.endswith(f"---\n{LAST}".encode())
