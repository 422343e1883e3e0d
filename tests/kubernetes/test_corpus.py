"""Manifests of App Mesh's own examples load and make whole meshes."""

import json
from collections import Counter
from pathlib import Path

import pytest

from mesh.problems.problem import errors
from mesh.reading.native import read_resources
from reconciler.reading.tree import EMPTY, SpecTree
from tests.support.manifests import go

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")

BROKEN: dict[str, str] = {}
"""Manifests that are broken as shipped, and why. There are none."""

MESHES = {
    "examples/apps/djapp/2_meshed_application": (),
    "examples/apps/djapp/legacy/4_create_initial_mesh_components": (),
    # The walkthrough makes its mesh, named yelb, by a command; two routers replace a third one.
    "walkthroughs/eks-getting-started/infrastructure/appmesh_templates": (
        "appmesh-virtual-router-appserver-v1-v2.yaml",
        "appmesh-virtual-router-appserver-v2.yaml",
    ),
}
"""Folders that hold a whole mesh, and what of them is an alternative to another file there."""


def _manifests() -> list[str]:
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    return [entry["path"] for entry in inventory if entry["format"] == "k8s"]


@needs_corpus
def test_every_manifest_of_the_corpus_loads_with_no_error() -> None:
    loaded: Counter[str] = Counter()
    for path in _manifests():
        reading = read_resources(path, (CORPUS / path).read_bytes())
        if path in BROKEN:
            assert errors(reading.problems), f"{path} is no exception any more"
            continue
        assert list(reading.problems) == [], path
        loaded["files"] += 1
        loaded.update(d.kind.value for m in reading.manifests for d in m.drafts if d.spec)
    assert loaded == {
        "files": 17,
        "Mesh": 2,
        "VirtualNode": 17,
        "VirtualRouter": 11,
        "Route": 11,
        "VirtualService": 10,
    }


@needs_corpus
def test_the_inventory_counts_the_same() -> None:
    inventory = json.loads((CORPUS / "INVENTORY.json").read_text())
    for entry in inventory:
        if entry["format"] != "k8s":
            continue
        reading = read_resources(entry["path"], (CORPUS / entry["path"]).read_bytes())
        found: Counter[str] = Counter(d.kind.value for m in reading.manifests for d in m.drafts)
        if any(kind.endswith("@v1beta1") for kind in entry["resources"]):
            # There, router and routes are counted as parts of their service.
            found -= Counter({"VirtualRouter": found["VirtualRouter"], "Route": found["Route"]})
        assert found == {k.partition("@")[0]: n for k, n in entry["resources"].items()}


def _folder(name: str) -> dict[str, str]:
    left_out = MESHES[name]
    paths = sorted((CORPUS / name).rglob("*.yaml"))
    return {path.name: path.read_text() for path in paths if path.name not in left_out}


@needs_corpus
@pytest.mark.parametrize("name", MESHES)
def test_every_folder_that_is_a_mesh_links(name: str) -> None:
    files: dict[str, str | None] = {**_folder(name)}
    if not any("kind: Mesh" in str(text) for text in files.values()):
        files["mesh.yaml"] = "meshName: yelb\n"
    tree = go(EMPTY, files).tree
    assert list(tree.problems) == []
    assert len(tree.graph.resources) >= 10


@needs_corpus
def test_a_canary_step_of_the_corpus_is_a_commit_that_links() -> None:
    tree = _djapp("2_meshed_application/meshed_app.yaml", EMPTY)
    routers = ("jazz-router", "metal-router")
    text = (CORPUS / "examples/apps/djapp/2_meshed_application/meshed_app.yaml").read_text()
    kept = [
        d for d in text.split("\n---\n") if not any(f"name: {r}\nspec" in _flat(d) for r in routers)
    ]
    step = (CORPUS / "examples/apps/djapp/3_canary_new_version/v2_app.yaml").read_text()
    after = go(tree, {"app.yaml": "\n---\n".join(kept), "v2.yaml": step}).tree
    assert list(after.problems) == []
    route = next(r for k, r in after.graph.resources.items() if k.name == "jazz-route")
    assert "jazz-v2_prod" in str(route.spec)


def _flat(text: str) -> str:
    return text.replace("  namespace: prod\n", "").replace("  ", "")


def _djapp(path: str, base: SpecTree) -> SpecTree:
    return go(base, {"app.yaml": (CORPUS / "examples/apps/djapp" / path).read_text()}).tree
