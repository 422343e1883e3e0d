"""``gitmesh import`` and ``gitmesh fmt`` on the command line."""

import json
from pathlib import Path

import pytest

from gitmesh.cli import exit_codes
from tests.support.command_line import gitmesh

TEMPLATE = """
Parameters: {Name: {Type: String}, Image: {Type: String}}
Resources:
  Mesh: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: !Ref Name}}
  Other: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: other}}
  Task: {Type: AWS::ECS::TaskDefinition}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "stack.yaml"
    path.write_text(TEMPLATE)
    return path


def test_what_can_be_told_is_written_and_the_rest_is_asked_for(
    template: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = gitmesh("import", template, "--to", out)
    assert first.code == exit_codes.REFUSED
    assert "stack.yaml:2: error[import-parameter]" in first.out
    assert "--param 'Name=…'" in first.out
    assert [str(p.relative_to(out)) for p in out.rglob("*.yaml")] == ["other/mesh.yaml"]

    then = gitmesh("import", template, "--to", out, "--param", "Name=shop", "--json")
    assert then.code == exit_codes.OK
    told = then.json()
    assert told["ok"] is True
    assert told["resources"] == ["mesh/other", "mesh/shop"]
    assert told["written"] == ["shop/mesh.yaml"], "what exists already is not written again"
    assert told["passedOver"] == {"AWS::ECS::TaskDefinition": 1}
    assert (out / "shop" / "mesh.yaml").read_text() == "kind: Mesh\nmeshName: shop\nspec: {}\n"
    assert gitmesh("validate", out).code == exit_codes.OK


def test_nothing_is_overwritten_unless_it_is_forced(template: Path, tmp_path: Path) -> None:
    mine = tmp_path / "out" / "shop" / "mesh.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("# mine\n")
    asked = ["import", template, "--to", tmp_path / "out", "--param", "Name=shop"]
    refused = gitmesh(*asked)
    assert refused.code == exit_codes.USAGE
    assert "--force" in refused.err
    assert mine.read_text() == "# mine\n"
    assert not (tmp_path / "out" / "other").exists(), "all or nothing"
    assert gitmesh(*asked, "--force").code == exit_codes.OK
    assert mine.read_text() != "# mine\n"


def test_a_dry_run_writes_nothing(template: Path, tmp_path: Path) -> None:
    asked = ["import", template, "--to", tmp_path / "out", "--param", "Name=shop", "--dry-run"]
    shown = gitmesh(*asked)
    assert shown.code == exit_codes.OK
    assert shown.out.count("would write") == 2
    assert gitmesh(*asked, "--json").json()["dryRun"] is True
    assert not (tmp_path / "out").exists()


def test_an_answer_that_nobody_asks_for_is_told(template: Path, tmp_path: Path) -> None:
    said = ["--param", "Name=a", "--param", "Image=b", "--param", "Nmae=c"]
    shown = gitmesh("import", template, "--to", tmp_path / "out", *said)
    assert shown.code == exit_codes.OK
    assert "nothing uses Nmae" in shown.out
    assert "Image" not in shown.out, "a parameter of the template may serve other resources"


def test_names_are_said_through_options(tmp_path: Path) -> None:
    bare = tmp_path / "spec.json"
    bare.write_text(json.dumps({"spec": {"listeners": []}}))
    asked = ["import", bare, "--to", tmp_path / "out"]
    assert "--kind" in gitmesh(*asked).out
    named = [*asked, "--kind", "VirtualRouter", "--mesh", "shop", "--name", "cart"]
    assert gitmesh(*named).code == exit_codes.OK
    assert (tmp_path / "out" / "shop" / "virtual-router" / "cart.yaml").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "nowhere.yaml", "--to", "x"],
        ["import", "--to", "x"],
        ["import", "x.yaml"],
        ["import", "x.yaml", "--to", "x", "--param", "Name"],
        ["fmt", "nowhere.yaml"],
    ],
)
def test_wrong_use(arguments: list[str]) -> None:
    assert gitmesh(*arguments).code == exit_codes.USAGE


def test_fmt_rewrites_what_is_untidy_and_check_only_tells(tmp_path: Path) -> None:
    tidy, untidy = tmp_path / "a.yaml", tmp_path / "b.yaml"
    tidy.write_text("kind: Mesh\nmeshName: a\n")
    untidy.write_text("meshName:   b # ours\nkind: Mesh\n")
    untidy.chmod(0o640)
    (tmp_path / "k8s.yaml").write_text("apiVersion:   appmesh.k8s.aws/v1beta2\nkind: Mesh\n")
    (tmp_path / ".hidden.yaml").write_text("meshName:   c\n")
    (tmp_path / "gitmesh.yaml").write_text("ignore: [old/]\n")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "x.yaml").write_text("meshName:   d\n")

    checked = gitmesh("fmt", "--check", tmp_path)
    assert checked.code == exit_codes.REFUSED
    assert f"not formatted: {untidy}" in checked.out
    assert untidy.read_text().startswith("meshName:   b")

    done = gitmesh("fmt", tmp_path, "--json")
    assert done.code == exit_codes.OK
    assert done.json()["untidy"] == [str(untidy)]
    assert [left["path"] for left in done.json()["leftAlone"]] == [str(tmp_path / "k8s.yaml")]
    assert untidy.read_text() == "kind: Mesh\nmeshName: b # ours\n"
    assert untidy.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "old" / "x.yaml").read_text() == "meshName:   d\n"
    assert gitmesh("fmt", "--check", tmp_path).code == exit_codes.OK


def test_fmt_leaves_a_broken_file_as_it_is(tmp_path: Path) -> None:
    broken = tmp_path / "a.yaml"
    broken.write_text("kind: [Mesh\n")
    told = gitmesh("fmt", broken)
    assert told.code == exit_codes.REFUSED
    assert "error[syntax]" in told.out
    assert broken.read_text() == "kind: [Mesh\n"
