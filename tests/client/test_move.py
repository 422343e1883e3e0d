"""The move of docs/from-app-mesh.md: an account is exported, served from git, and equal."""

from pathlib import Path

import pytest

from gitmesh.cli import exit_codes
from tests.api.conftest import KEY, SECRET, serve
from tests.support.command_line import gitmesh
from tests.support.git import Repo, git
from tests.support.server import Server

AWS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}


@pytest.mark.slow
def test_an_account_moves_into_a_repository_and_back(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old = serve(tmp_path / "old")  # what App Mesh was
    with old.server:
        client = old.client()
        tags = [{"key": "team", "value": "shop"}]
        client.create_mesh(
            meshName="teams", spec={"egressFilter": {"type": "ALLOW_ALL"}}, tags=tags
        )
        repo = Repo(tmp_path / "new")
        taken = gitmesh("import", "--from-api", old.url, "--to", repo.work, "--json", **AWS)
        assert taken.code == exit_codes.OK, taken
        before = specs(old.bare)
        assert len(taken.json()["resources"]) == len(before) >= 20

        # Once more, to see whether somebody changed the account meanwhile.
        again = gitmesh("import", "--from-api", old.url, "--to", repo.work, "--json", **AWS)
        assert again.json()["written"] == []

        assert gitmesh("validate", repo.work).code == exit_codes.OK
        repo.git("add", "--all")
        repo.commit(message="Take over from App Mesh")
        repo.push()
        with Server(repo.origin, "--http", "127.0.0.1:0", "--http-anonymous") as new:
            new.wait_for("ready")
            assert specs(repo.origin) == before
            for node in ("virtualGateway/entrance", "virtualNode/web", "virtualNode/cart-v1"):
                assert envoy(repo.origin, node) == envoy(old.bare, node)

            # Back out: the new server answers the same API, for another export.
            url = f"http://{new.wait_for('serving the API')['listen']}"
            back = gitmesh("import", "--from-api", url, "--to", tmp_path / "back", "--json")
            assert back.json()["resources"] == taken.json()["resources"]
        assert "tags:" in (repo.work / "teams" / "mesh.yaml").read_text()
        files = git(repo.work, "ls-files").splitlines()
        assert {path: (tmp_path / "back" / path).read_text() for path in files} == {
            path: (repo.work / path).read_text() for path in files
        }


def specs(bare: Path) -> list[object]:
    """Return every document that a server serves."""
    found: list[object] = gitmesh("state", "--repo", bare, "--json").json()["resources"]
    return found


def envoy(bare: Path, node: str) -> object:
    """Return the whole configuration of a node, with all names that metrics have."""
    asked = ["--as", "envoy", "--node", f"mesh/shop/{node}", "--repo", bare, "--json"]
    found = gitmesh("state", *asked).json()
    return {each: found[each] for each in ("clusters", "listeners", "routes")}
