"""Commands on a folder of a clone see the specs around it, as a push does."""

from pathlib import Path

import pytest

from gitmesh.demo.sample import ROUTES, shares
from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.sample_shop import sample_files

NODE = "mesh/shop/virtualNode/cart-v2"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    repo.commit_and_push(sample_files(), "The shop's mesh")
    return repo


@pytest.fixture
def cart(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of the clone, which is the current directory."""
    folder = repo.work / "shop" / "cart"
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("named", [(), (".",), ("routes.yaml",), ("routes.yaml", "node-v1.yaml")])
def test_a_part_of_a_good_commit_has_no_problems(cart: Path, named: tuple[str, ...]) -> None:
    done = gitmesh("validate", *named)
    assert (done.code, done.out.startswith("no problems: ")) == (0, True), done.out
    assert done.out.endswith(", linked with all of ../..\n")
    found = gitmesh("validate", *named, "--json").json()
    assert found["partOf"] == str(cart.parents[1])
    assert found["files"] == (len(named) if "routes.yaml" in named else 6)


def test_only_the_problems_of_the_part_are_reported_with_a_word_on_the_others(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sample_files(shares(10, "cart-v3"))
    repo.write({ROUTES: files[ROUTES], "shop/web/more.yaml": "kind: VirtualNod\n"})
    monkeypatch.chdir(repo.work)
    part = gitmesh("validate", "shop/cart")
    assert part.code == 1
    [problem] = [line for line in part.out.splitlines() if ": error[" in line]
    assert problem.startswith("shop/cart/routes.yaml:31: error[dangling-reference]")
    assert part.out.endswith("1 error elsewhere there: gitmesh validate .\n")
    whole = gitmesh("validate")
    assert whole.out.count(": error[") == 2


def test_a_mistake_in_a_part_needs_nothing_around_it_to_be_told(repo: Repo) -> None:
    repo.write({ROUTES: "kind: Rout\n"})
    done = gitmesh("validate", repo.work / ROUTES)
    assert (done.code, "not-a-resource" in done.out or "error[" in done.out) == (1, True)


def test_alone_it_stays_alone(cart: Path) -> None:
    done = gitmesh("validate", "--no-link", ".", "--json").json()
    assert (done["ok"], done["files"], done["partOf"]) == (True, 6, None)


def test_a_plan_in_a_folder_is_of_the_whole_clone(cart: Path, repo: Repo) -> None:
    (repo.work / ROUTES).write_text(str(sample_files(shares(10))[ROUTES]))
    done = gitmesh("plan")
    assert done.code == 0
    assert done.out.splitlines()[0] == f"../.. against commit {repo.head()[:7]}: 1 change"
    assert "cart-v2 0 % → 10 %" in done.out


def test_a_folder_with_the_mesh_in_it_is_no_other_mesh(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.work / "shop")
    assert f"against commit {repo.head()[:7]}: 0 changes" in gitmesh("plan").out


def test_a_difference_in_a_folder_is_of_the_whole_clone(cart: Path, repo: Repo) -> None:
    (repo.work / ROUTES).write_text(str(sample_files(shares(10))[ROUTES]))
    done = gitmesh("diff", "HEAD", ".")
    assert done.code == 0, done.err
    assert f"HEAD ({repo.head()[:7]}) → ../..: 1 change" in done.out
    revision = gitmesh("validate", "HEAD")
    assert (revision.code, "no problems" in revision.out) == (0, True)


def test_a_mesh_of_its_own_in_another_project_is_seen_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path)
    files = {f"mesh/{path}": text for path, text in sample_files().items()}
    repo.commit({**files, "deploy.yaml": "kind: VirtualNod\nspec: {}\n"})
    monkeypatch.chdir(repo.work / "mesh")
    done = gitmesh("validate", "--json").json()
    assert (done["ok"], done["partOf"]) == (True, None)
    assert "against an empty mesh" in gitmesh("plan").out


def test_what_is_neither_a_file_nor_a_revision_is_told_as_such(cart: Path) -> None:
    for command in ("validate", "plan"):
        refused = gitmesh(command, "nosuch")
        words = "'nosuch' is neither a folder or file nor a revision of a repository here"
        assert (refused.code, words in refused.err) == (2, True)
    assert 'did you mean "routes.yaml"?' in gitmesh("validate", "route.yaml").err


def test_the_log_is_asked_for_from_a_folder_as_from_its_clone(cart: Path) -> None:
    refused = gitmesh("status")
    assert "../.. is a clone: the event log is beside the repository" in refused.err
