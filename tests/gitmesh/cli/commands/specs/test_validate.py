"""``gitmesh validate``: revisions, folders and files, linked or each document alone."""

import json
from pathlib import Path

import pytest

from gitmesh.demo.sample import sample_repo
from tests.support.command_line import gitmesh
from tests.support.manifests import MESH, node, service
from tests.support.sample_shop import Shop

ROUTE = {
    "tcpRoute": {"action": {"weightedTargets": [{"virtualNode": "a", "weight": 1}]}},
}


@pytest.fixture
def route(tmp_path: Path) -> Path:
    path = tmp_path / "route.json"
    path.write_text(json.dumps({"spec": ROUTE}))
    return path


def test_files_make_one_mesh_together(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(MESH)
    (tmp_path / "node.yaml").write_text(node("cart"))
    done = gitmesh("validate", tmp_path / "mesh.yaml", tmp_path / "node.yaml")
    assert done.code == 0
    assert "2 resources in 2 files" in done.out
    lonely = gitmesh("validate", tmp_path / "node.yaml")
    assert lonely.code == 1
    assert "mesh-membership" in lonely.out


def test_a_file_is_told_by_the_path_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "bad.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path / "below")
    assert "../bad.yaml:1: error[not-a-resource]" in gitmesh("validate", "../bad.yaml").out


def test_a_spec_without_names_is_told_which_to_add(route: Path) -> None:
    done = gitmesh("validate", route)
    assert done.code == 1
    assert "it looks like a Route: add meshName, virtualRouterName and routeName" in done.out


def test_a_spec_without_names_is_checked_alone(route: Path) -> None:
    done = gitmesh("validate", "--no-link", route, "--json")
    assert done.code == 0
    report = json.loads(done.out)
    assert (report["ok"], report["linked"], report["resources"]) == (True, False, 1)
    assert report["bare"] == [{"path": str(route), "line": 1, "kind": "Route"}]


def test_a_kind_that_no_shape_tells_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    listener = {"portMapping": {"port": 80, "protocol": "http"}}
    path.write_text(json.dumps({"spec": {"listeners": [listener]}}))
    asked = gitmesh("validate", "--no-link", path)
    assert asked.code == 1
    assert "ambiguous-spec" in asked.out
    assert gitmesh("validate", "--no-link", path, "--kind", "VirtualRouter").code == 0
    assert gitmesh("validate", path, "--kind", "VirtualRouter").code == 2


def test_alone_names_may_lead_nowhere_and_rules_hold(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(service("cart", "nowhere"))
    (tmp_path / "b.yaml").write_text(node("cart", 99999))
    assert gitmesh("validate", "--no-link", tmp_path / "a.yaml").code == 0
    done = gitmesh("validate", "--no-link", tmp_path, "--json")
    assert done.code == 1
    assert [p["path"] for p in json.loads(done.out)["problems"]] == ["b.yaml"]


def test_a_folder_and_a_revision_are_checked_alone_too(shop: Shop) -> None:
    folder = gitmesh("validate", "--no-link", sample_repo(), "--json")
    assert json.loads(folder.out)["resources"] > 10
    # Its mistake is a name that leads nowhere.
    assert gitmesh("validate", shop.bad, "--repo", shop.bare).code == 1
    revision = gitmesh("validate", "--no-link", shop.bad, "--repo", shop.bare, "--json")
    assert revision.code == 0
    assert json.loads(revision.out)["resources"] == json.loads(folder.out)["resources"]


def test_what_cannot_be_read_at_all_is_told_alone_too(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("/etc/hostname")
    (tmp_path / "b.yaml").write_text("#" * (1024 * 1024 + 1))
    done = gitmesh("validate", "--no-link", tmp_path, "--json")
    assert [p["code"] for p in json.loads(done.out)["problems"]] == ["symlink", "file-too-big"]
    (tmp_path / "gitmesh.yaml").write_text("rot: x\n")
    done = gitmesh("validate", "--no-link", tmp_path, "--json")
    assert [p["code"] for p in json.loads(done.out)["problems"]] == ["unknown-field"]


def test_files_and_folders_do_not_mix(tmp_path: Path, route: Path) -> None:
    done = gitmesh("validate", route, tmp_path)
    assert done.code == 2
    assert "give one folder, one revision, or only files" in done.err
