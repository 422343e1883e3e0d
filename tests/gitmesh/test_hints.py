"""Mistakes are told where a person has to mend them, with what to write instead."""

import socket
from pathlib import Path

import pytest

from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.manifests import MESH
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
        ("weight: 100}", "weight: 100}, {virtualNode: b, weight: 10}", "lower them to 100 in all"),
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


def test_a_port_in_use_is_told_with_another_one(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    put(bare, {**sample_files(), "more.yaml": MESH.replace("shop", "other")})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = gitmesh("serve", bare, "--listen", f"127.0.0.1:{port}")
    assert refused.code == 3
    assert f"choose another port: --listen 127.0.0.1:{port + 1}\n" in refused.err
