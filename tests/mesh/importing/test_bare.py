"""Documents without names, and documents that need no import at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from mesh.importing import Answers, import_files
from mesh.keys import Kind
from mesh.problems.problem import errors

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
LISTENERS = [{"portMapping": {"port": 80, "protocol": "http"}}]
NODE = {"spec": {"listeners": LISTENERS, "serviceDiscovery": {"dns": {"hostname": "a.b"}}}}
ROUTE = {"spec": {"tcpRoute": {"action": {"weightedTargets": [{"virtualNode": "a", "weight": 1}]}}}}
NAMED = {"meshName": "shop", "virtualNodeName": "web", **NODE}


def run(body: object, **answers: Any) -> Any:
    return import_files({"x.json": json.dumps(body).encode()}, Answers(**answers))


@pytest.mark.parametrize(
    ("body", "answers", "key"),
    [
        (NAMED, {}, "mesh/shop/virtualNode/web"),
        ({"virtualNode": {**NAMED, "status": {}}}, {}, "mesh/shop/virtualNode/web"),
        (NAMED, {"mesh": "other", "name": "else"}, "mesh/shop/virtualNode/web"),
        (NODE, {"mesh": "shop", "name": "web"}, "mesh/shop/virtualNode/web"),
        (
            ROUTE,
            {"mesh": "shop", "name": "all", "parent": "cart"},
            "mesh/shop/virtualRouter/cart/route/all",
        ),
        (
            {"spec": {"listeners": LISTENERS}},
            {"mesh": "shop", "name": "r", "kind": Kind.VIRTUAL_ROUTER},
            "mesh/shop/virtualRouter/r",
        ),
        ({"spec": {"egressFilter": {"type": "DROP_ALL"}}}, {"mesh": "shop"}, "mesh/shop"),
    ],
)
def test_names_come_from_the_document_and_then_from_the_answers(
    body: object, answers: dict[str, Any], key: str
) -> None:
    found = run(body, **answers)
    assert errors(found.problems) == []
    assert [str(resource.key) for resource in found.resources] == [key]


@pytest.mark.parametrize(
    ("body", "answers", "hint"),
    [
        (NODE, {}, "--mesh … --name …"),
        (ROUTE, {"mesh": "shop"}, "--parent … --name …"),
        ({"meshName": "shop", "routeName": "all", **ROUTE}, {}, "--parent …"),
        (
            {"spec": {"listeners": LISTENERS}},
            {"mesh": "shop", "name": "r"},
            "--kind, one of VirtualNode, VirtualRouter, VirtualGateway",
        ),
        ({"spec": {"nonsense": 1}}, {"mesh": "shop", "name": "r"}, "--kind, one of Mesh"),
    ],
)
def test_what_is_missing_is_asked_for(body: object, answers: dict[str, Any], hint: str) -> None:
    found = run(body, **answers)
    assert found.resources == ()
    (problem,) = found.problems
    assert problem.code == "import-names"
    assert hint in problem.hint


def test_what_is_no_resource_is_said_to_be_none() -> None:
    assert [p.code for p in run({"hello": 1}).problems] == ["not-a-resource"]


def test_a_kubernetes_manifest_needs_no_import_and_says_so() -> None:
    mesh = {"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": "Mesh", "metadata": {"name": "shop"}}
    found = run({**mesh, "spec": {}})
    assert found.resources == ()
    assert [(p.code, p.line) for p in found.problems] == [("import-form", 1)]


def test_many_manifests_in_a_file_are_told_of_once_a_file() -> None:
    text = "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: shop}\nspec: {}\n"
    twice = f"{text}---\n{text}".encode()
    found = import_files({"a.yaml": twice, "b.yaml": twice}, Answers())
    assert [(p.path, p.line, p.code) for p in found.problems] == [
        ("a.yaml", 1, "import-form"),
        ("b.yaml", 1, "import-form"),
    ]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")
def test_every_cli_file_of_the_corpus_is_imported_once_its_names_are_said() -> None:
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    files = [entry for entry in inventory if entry["format"] == "cli"]
    for entry in files:
        (kind,) = (Kind(kind) for kind in entry["resources"])
        blob = (CORPUS / entry["path"]).read_bytes()
        parent = "p" if kind.within else ""
        answers = Answers(mesh="shop", name="n", parent=parent, kind=kind)
        found = import_files({entry["path"]: blob}, answers)
        assert errors(found.problems) == [], entry["path"]
        assert [resource.key.kind for resource in found.resources] == [kind], entry["path"]
    assert len(files) == 66
