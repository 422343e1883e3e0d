"""Notes of ``gitmesh bootstrap``: the command that starts Envoy, and unknown nodes."""

import json
import shutil
from pathlib import Path

import pytest

from gitmesh.demo.sample import sample_repo
from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.sample_shop import ENTRANCE, Shop

WEB = "mesh/shop/virtualNode/web"
START = "envoy -c web.json --use-dynamic-base-id"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_line_that_starts_envoy_stands_on_the_error_stream() -> None:
    made = gitmesh("bootstrap", "--node", WEB)
    assert json.loads(made.out)["node"]["id"] == WEB
    assert made.err.startswith("start Envoy with: gitmesh ")
    assert f" > web.json && {START}  # another one" in made.err
    own = gitmesh("bootstrap", "--node", WEB, "--admin", "127.0.0.1:9902")
    assert own.err.endswith(f"{START}\n")


@pytest.mark.parametrize("option", ["--json", "--client=grpc"])
def test_programs_and_grpc_clients_are_told_nothing_of_it(option: str) -> None:
    assert gitmesh("bootstrap", "--node", WEB, option).err == ""


@pytest.mark.parametrize(
    ("node", "meant"),
    [
        ("mesh/shop/virtualNode/wbe", WEB),
        ("mesh/shopp/virtualNode/web", WEB),
        ("mesh/shop/virtualNode/entrance", ENTRANCE),
        ("mesh/shop/virtualNode/cart_v1", "mesh/shop/virtualNode/cart-v1"),
    ],
)
@pytest.mark.parametrize("where", ["log", "folder", "here", "bare"])
def test_a_node_that_the_mesh_does_not_have_is_warned_of(
    node: str, meant: str, where: str, shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options: list[object] = ["--json"]
    if where == "log":
        options += ["--repo", shop.bare]
    elif where == "folder":
        options += ["--repo", sample_repo()]
    elif where == "bare":
        shutil.copytree(shop.bare, tmp_path / "copy.git")
        shutil.rmtree(tmp_path / "copy.git" / "gitmesh")
        options += ["--repo", tmp_path / "copy.git"]
    else:
        clone = Repo(tmp_path).work
        shutil.copytree(sample_repo(), clone, dirs_exist_ok=True)
        monkeypatch.chdir(clone)
    told = gitmesh("bootstrap", "--node", node, *options)
    assert told.code == 0
    assert json.loads(told.out)["node"]["id"] == node
    assert f"warning: there is no {node} in the " in told.err
    assert f"hint: did you mean {meant}?" in told.err
    assert gitmesh("bootstrap", "--node", meant, *options).err == ""


def test_a_node_like_no_other_is_warned_of_without_a_guess(shop: Shop) -> None:
    told = gitmesh("bootstrap", "--node", "mesh/shop/virtualNode/zzzzzzzzzzzz", "--repo", shop.bare)
    assert "gets no configuration before it is pushed" in told.err


def test_a_repository_that_is_not_there_is_an_error_when_it_is_named() -> None:
    assert gitmesh("bootstrap", "--node", WEB, "--repo", "nowhere").code == 2


def test_a_current_directory_without_specs_is_no_reason_to_warn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Repo(tmp_path).work)
    assert gitmesh("bootstrap", "--node", WEB, "--json").err == ""
