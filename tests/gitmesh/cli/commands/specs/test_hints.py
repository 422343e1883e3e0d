"""Mistakes are reported where they must be corrected, with the correction as a hint."""

from pathlib import Path

import pytest

from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop, sample_files

ROUTE = """\
kind: Route
meshName: shop
virtualRouterName: cart
routeName: all
spec:
  httpRoute:
    match: {prefix: /}
    action:
      weightedTargets: [{virtualNode: a, weight: 100}]
"""
NODE = """\
kind: VirtualNode
meshName: shop
virtualNodeName: web
spec:
  listeners:
    - portMapping: {port: 80, protocol: http}
"""


def told(folder: Path, text: str) -> list[str]:
    """Return what validate says of a file."""
    (folder / "a.yaml").write_text(text)
    return gitmesh("validate", "--no-link", folder / "a.yaml").out.splitlines()


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    "after",
    ["---\nkind: Mesh\n", "", "  more: [{quote}text{quote}]\n", "  more: {quote}x{quote}\n"],
)
def test_a_quote_that_is_not_closed_is_told_where_it_opens(
    tmp_path: Path, quote: str, after: str
) -> None:
    text = f"kind: Mesh\nspec:\n  one: {quote}text\n  two: 2\n  three: 3\n"
    problem, hint, *_ = told(tmp_path, text + after.replace("{quote}", quote))
    assert problem.startswith(f"{tmp_path}/a.yaml:3: error[syntax]: ")
    assert "not closed" in problem
    assert hint.strip().startswith("hint: close it")


def test_every_mistake_of_syntax_has_a_hint(tmp_path: Path) -> None:
    for line in ('a: "\\q"', "a: b: c", "a: [1", "a: @b", "\ta: b", "a: |x", "%b", "? a\n: b\n- c"):
        lines = told(tmp_path, f"kind: Mesh\n{line}\n")
        assert any("hint: " in each for each in lines), lines


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        (", weight: 100", "", "weight is a whole number, 0 to 100"),
        (
            "weight: 100}",
            "weight: 100}, {virtualNode: b, weight: 10}",
            "so that their sum is at most 100",
        ),
        ("match:", "timeout: {perRequest: 5s}\n    match:", "write {value: 5, unit: s}"),
        ("match:", "timeout: {perRequest: 250ms}\n    match:", "write {value: 250, unit: ms}"),
        ("match:", "timeout: {perRequest: long}\n    match:", "an object, with unit, value"),
        ("match: {prefix: /}", "match: /", "match is an object, with "),
    ],
)
def test_a_route_is_told_what_to_write(tmp_path: Path, old: str, new: str, hint: str) -> None:
    assert ROUTE.count(old) == 1
    lines = told(tmp_path, ROUTE.replace(old, new))
    assert any(line.strip().startswith("hint: ") and hint in line for line in lines), lines


@pytest.mark.parametrize(
    ("wrong", "right"), [("https", "http"), ("HTTPS", "http"), ("grpcs", "grpc"), ("tls", "tcp")]
)
def test_an_encrypted_protocol_is_a_protocol_with_tls(
    tmp_path: Path, wrong: str, right: str
) -> None:
    lines = told(tmp_path, NODE.replace("protocol: http", f"protocol: {wrong}"))
    assert any(f"hint: write {right}, with tls on the listener" in line for line in lines), lines


def test_a_pin_that_is_too_long_is_told_the_longest(shop: Shop) -> None:
    asked = ("pin", shop.first, "--repo", shop.bare, "--reason", "x", "--for")
    for length in ("8d", "9d", "169h"):
        assert "at most 7d" in gitmesh(*asked, length).err
    assert "write 90s, 30m, 2h or 1d; at most 7d" in gitmesh(*asked, "soon").err


def test_an_incomplete_node_is_told_the_nodes_that_end_so(shop: Shop) -> None:
    refused = gitmesh("state", "--repo", shop.bare, "--as", "envoy", "--node", "cart-v1")
    assert "did you mean mesh/shop/virtualNode/cart-v1?" in refused.err
    refused = gitmesh("state", "--repo", shop.bare, "--as", "envoy", "--node", "all")
    assert "route" not in refused.err.partition("hint:")[2]


# ---- what follows from a file that could not be read ----------------------------------------


def test_what_an_unreadable_file_may_define_is_told_so(tmp_path: Path) -> None:
    for path, text in sample_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    node = tmp_path / "shop" / "cart" / "node-v2.yaml"
    whole = node.read_text()
    node.write_text(whole.replace("spec:", "spec: ["))
    problems = gitmesh("validate", tmp_path, "--json").json()["problems"]
    follow = [each for each in problems if each["code"] == "dangling-reference"]
    assert follow
    for each in follow:
        assert each["hint"].startswith(
            "it may be in shop/cart/node-v2.yaml, which could not be read"
        )
    node.unlink()
    problems = gitmesh("validate", tmp_path, "--json").json()["problems"]
    assert all("could not be read" not in each["hint"] for each in problems)


# ---- forms of other tools -------------------------------------------------------------------

ROUTER = """\
apiVersion: appmesh.k8s.aws/v1beta2
kind: VirtualRouter
metadata: {name: cart, namespace: shop}
spec:
  listeners: [{portMapping: {port: 80, protocol: http}}]
  routes:
    - name: all
      httpRoute:
        match: {prefix: /}
        action: {weightedTargets: [{virtualNodeRef: {name: cart}, weight: 1}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("{virtualNodeRef:", "{virtualNodeReff: {name: a}, virtualNodeRef:", "virtualNodeRef"),
        ("spec:", "spec:\n  meshReff: {name: shop}", "meshRef"),
        ("spec:", "spec:\n  awsNam: cart", "awsName"),
        ("spec:", "statu: {}\nspec:", "status"),
    ],
)
def test_a_field_of_a_manifest_is_told_by_the_names_of_manifests(
    tmp_path: Path, old: str, new: str, meant: str
) -> None:
    lines = told(tmp_path, ROUTER.replace(old, new, 1))
    assert any("here; gitmesh ignores it, like Kubernetes" in line for line in lines), lines
    assert f'    hint: did you mean "{meant}"?' in lines


TEMPLATE = """\
Resources:
  Mesh:
    Type: AWS::AppMesh::Mesh
    Properties:
      MeshName: !Sub "${Name}"
Parameters: {Name: {Type: String, Default: shop}}
"""


def test_a_template_with_tags_is_told_as_a_template(tmp_path: Path) -> None:
    problem, where, hint, *_ = told(tmp_path, TEMPLATE)
    assert problem.startswith(f"{tmp_path}/a.yaml:5: error[cloudformation-form]: ")
    assert where == "    at $.Resources.Mesh.Properties.MeshName"
    assert "gitmesh import" in hint
    problem, where, *_ = told(tmp_path, "kind: Mesh\nspec: {deep: [1, {name: !Ref Name}]}\n")
    assert "error[tag]" in problem
    assert where == "    at $.spec.deep[1].name"


def test_after_an_import_beside_it_the_template_is_told_to_be_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mesh.yaml").write_text(TEMPLATE)
    words = "note: mesh.yaml itself is no spec, and a push with it would be refused: delete it"
    assert words in gitmesh("import", "mesh.yaml", "--to", ".").out
    assert gitmesh("validate").code == 1
    (tmp_path / "mesh.yaml").unlink()
    assert gitmesh("validate").code == 0
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mesh.yaml").write_text(TEMPLATE)
    assert "note:" not in gitmesh("import", "old/mesh.yaml", "--to", "new").out
