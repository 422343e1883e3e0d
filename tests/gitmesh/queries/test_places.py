"""Location of a repository's log, for every layout of a git repository."""

import subprocess
from pathlib import Path

import pytest

from gitmesh.queries.log_location import git_dir, is_repository, log_path
from gitmesh.queries.log_lookup import existing_log
from mesh.errors import UsageError


def git(*arguments: str | Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example"]
    subprocess.run(["git", *identity, *map(str, arguments)], check=True, capture_output=True)


def test_the_log_of_a_bare_repository_lives_inside_it(tmp_path: Path) -> None:
    git("init", "--bare", tmp_path / "shop.git")
    assert log_path(tmp_path / "shop.git") == tmp_path / "shop.git" / "gitmesh" / "events.sqlite3"


def test_the_log_of_a_clone_lives_in_its_git_directory(tmp_path: Path) -> None:
    git("init", tmp_path / "shop")
    assert log_path(tmp_path / "shop").parent == tmp_path / "shop" / ".git" / "gitmesh"


def test_a_linked_work_tree_shares_the_log_of_its_repository(tmp_path: Path) -> None:
    git("init", tmp_path / "shop")
    git("-C", tmp_path / "shop", "commit", "--allow-empty", "-m", "x")
    git("-C", tmp_path / "shop", "worktree", "add", tmp_path / "other")
    assert log_path(tmp_path / "other") == log_path(tmp_path / "shop")


def test_the_folders_above_are_not_searched(tmp_path: Path) -> None:
    git("init", tmp_path / "shop")
    (tmp_path / "shop" / "deep").mkdir()
    assert not is_repository(tmp_path / "shop" / "deep")


def test_what_is_no_repository_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository") as caught:
        git_dir(tmp_path)
    assert "gitmesh init" in caught.value.hint
    with pytest.raises(UsageError, match="does not exist"):
        git_dir(tmp_path / "nowhere")


def test_a_log_elsewhere_needs_no_repository(tmp_path: Path) -> None:
    log = tmp_path / "events.sqlite3"
    log.touch()
    assert existing_log(tmp_path, log) == log


def test_a_repository_that_nobody_served_has_no_log_yet(tmp_path: Path) -> None:
    git("init", "--bare", tmp_path / "shop.git")
    with pytest.raises(UsageError, match="no server has followed") as caught:
        existing_log(tmp_path / "shop.git")
    assert "gitmesh serve" in caught.value.hint
