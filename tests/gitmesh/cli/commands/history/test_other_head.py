"""HEAD means the served repository's HEAD; a note says so if the clone's differs."""

from pathlib import Path

import pytest

from gitmesh.demo.sample import ROUTES, shares
from tests.support.command_line import gitmesh
from tests.support.following import follow
from tests.support.git import Repo
from tests.support.sample_shop import sample_files


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    repo.commit_and_push(sample_files(), "The shop's mesh")
    follow(repo.origin)
    return repo


ASKING = {
    "wait": ("HEAD", "--for", "applied", "--timeout", "0"),
    "status": ("HEAD",),
    "show": ("HEAD",),
    "state": ("--at", "HEAD"),
    "pin": ("HEAD", "--reason", "x", "--for", "1h"),
    "rollback": ("HEAD", "--dry-run"),
}


@pytest.mark.parametrize("command", ASKING)
def test_it_is_told_which_head_is_meant_where_the_clone_here_has_another(
    repo: Repo, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = repo.head()
    (repo.work / "shop" / "cart").mkdir(exist_ok=True)
    monkeypatch.chdir(repo.work / "shop" / "cart")
    asked = (command, *ASKING[command], "--repo", repo.origin)
    assert "note:" not in gitmesh(*asked).err
    here = repo.commit({ROUTES: sample_files(shares(10))[ROUTES]}, "Not pushed")
    note = f"note: HEAD is that of {repo.origin}, {there[:7]}; the clone here is at {here[:7]}\n"
    assert note in gitmesh(*asked).err
    assert "note:" not in gitmesh(*asked, "--json").err


def test_a_repository_with_another_history_is_none_of_its_clones(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other = Repo(tmp_path / "other")
    other.commit({"README": "Another project"})
    monkeypatch.chdir(other.work)
    assert "note:" not in gitmesh("show", "HEAD", "--repo", repo.origin).err


@pytest.mark.parametrize("goal", ["applied", "converged"])
def test_wait_names_the_commit_that_it_waited_for(repo: Repo, goal: str) -> None:
    ended = gitmesh("wait", "--repo", repo.origin, "--for", goal, "--timeout", "0")
    told = (ended.out or ended.err).splitlines()[0]
    assert told.startswith(f"{repo.head()[:7]}")
    assert told.count("“The shop's mesh”") == 1
    asked = ("wait", "--repo", repo.origin, "--for", goal, "--timeout", "0", "--json")
    found = gitmesh(*asked).json()
    assert (found["commit"], found["subject"]) == (repo.head(), "The shop's mesh")


def test_wait_names_a_commit_that_no_server_has_read(repo: Repo) -> None:
    newer = repo.commit_and_push({ROUTES: sample_files(shares(10))[ROUTES]}, "Shift")
    ended = gitmesh("wait", newer, "--repo", repo.origin, "--timeout", "0")
    words = f"{newer[:7]} “Shift” is not in the log yet: check that it was pushed to the branch"
    assert (ended.code, words in ended.err) == (4, True)
