"""``gitmesh graph``: what is drawn, of which mesh, and in which format."""

import shutil
from pathlib import Path

import pytest

from gitmesh.demo.sample import sample_repo
from tests.support.command_line import gitmesh

SHOP = sample_repo()


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("cart-v2", "mesh/shop/virtualNode/cart-v2"),
        ("cart.shop", "mesh/shop/virtualService/cart.shop.internal"),
        ("testers", "mesh/shop/virtualRouter/cart/route/testers"),
        ("mesh/shop/virtualNode/web", "mesh/shop/virtualNode/web"),
        ("mesh/shop", None),
    ],
)
def test_a_resource_is_named_in_full_or_by_what_fits_only_one(name: str, around: str) -> None:
    assert gitmesh("graph", SHOP, "--around", name, "--json").json()["around"] == around


def test_a_name_that_fits_several_resources_is_an_error_that_lists_them() -> None:
    done = gitmesh("graph", SHOP, "--around", "cart")
    assert (done.code, done.out) == (2, "")
    assert "fits 2 resources" in done.err
    assert "mesh/shop/virtualGateway/entrance/gatewayRoute/cart or " in done.err
    assert "mesh/shop/virtualRouter/cart\n" in done.err


def test_service_names_a_virtual_service_alone() -> None:
    done = gitmesh("graph", SHOP, "--service", "cart", "--depth", "0", "--json").json()
    assert done["around"] == "mesh/shop/virtualService/cart.shop.internal"
    assert {edge["percent"] for edge in done["edges"] if edge["route"]} == {0.0, 100.0}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--around", "crat-v1"], "did you mean"),
        (["--service", "cart", "--around", "web"], "exclude each other"),
        (["--detail", "changes"], "--diff"),
        (["--at", "1"], "--repo"),
        (["--diff", "a", "b"], "--repo"),
    ],
)
def test_what_is_not_there_or_contradicts_is_an_error(arguments: list[str], told: str) -> None:
    done = gitmesh("graph", SHOP, *arguments)
    assert done.code == 2
    assert told in done.err
    assert done.out == ""


def test_the_difference_of_two_folders_is_marked(tmp_path: Path) -> None:
    after = tmp_path / "after"
    shutil.copytree(SHOP, after)
    routes = after / "shop" / "cart" / "routes.yaml"
    text = routes.read_text().replace("cart-v1, weight: 100", "cart-v1, weight: 80")
    routes.write_text(text.replace("cart-v2, weight: 0", "cart-v2, weight: 20"))
    done = gitmesh("graph", "--diff", SHOP, after, "--json").json()
    changed = {
        edge["target"]: (edge["percentBefore"], edge["percent"])
        for edge in done["edges"]
        if edge["mark"] == "changed"
    }
    assert changed == {
        "mesh/shop/virtualNode/cart-v1": (100, 80),
        "mesh/shop/virtualNode/cart-v2": (0, 20),
    }


@pytest.mark.parametrize("form", ["svg", "mermaid", "dot", "text", "json"])
def test_a_file_has_what_would_be_printed(form: str, tmp_path: Path) -> None:
    printed = gitmesh("graph", SHOP, "-o", form)
    written = gitmesh("graph", SHOP, "-o", form, "--to", tmp_path / "picture")
    assert (printed.code, written.code, written.out) == (0, 0, "")
    assert (tmp_path / "picture").read_text() == printed.out


def test_specs_with_problems_are_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: VirtualNode\nmeshName: shop\n")
    done = gitmesh("graph", tmp_path, "--json")
    assert done.code == 1
    assert done.json()["problems"]
