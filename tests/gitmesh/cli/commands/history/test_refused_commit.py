"""A commit of a refused push is not in git; the log still reports its result."""

from dataclasses import replace
from pathlib import Path

import pytest

from events.types import CommitId, PushRefused
from tests.gitmesh.push.test_refused_pushes import commit_shares, push, recorded
from tests.support.command_line import gitmesh
from tests.support.following import follow
from tests.support.git import Repo
from tests.support.sample_shop import sample_files
from tests.support.warm import warm_hooks

PUSH = PushRefused(
    ref="refs/heads/main",
    after=CommitId(""),
    before=None,
    pusher="bob",
    via="ssh",
    account="git",
    claimed="",
    options=(),
    omitted=0,
    reason="unchecked",
)
PROBLEM = "shop/cart/routes.yaml:31: error[dangling-reference]"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repository that init has made, with a clone whose shop is pushed."""
    repo = Repo(tmp_path)
    repo.origin.rename(tmp_path / "plain.git")
    assert gitmesh("init", repo.origin).code == 0
    assert gitmesh("hooks", repo.origin, "--wait", "0").code == 0
    warm_hooks(repo.origin)
    repo.commit(sample_files(), "The shop's mesh")
    assert push(repo)[0] == 0
    follow(repo.origin)
    return repo


@pytest.fixture
def refused(repo: Repo) -> list[CommitId]:
    """Return two commits of a refused push: the first has a problem, the second follows it."""
    commits = [commit_shares(repo, 10, "cart-v3"), commit_shares(repo, 10)]
    assert push(repo)[0] == 1
    [_] = recorded(repo)
    return commits


@pytest.mark.parametrize("command", ["status", "wait", "show"])
@pytest.mark.parametrize("digits", [7, 40])
def test_it_is_told_when_and_why_its_push_was_refused(
    repo: Repo, refused: list[CommitId], command: str, digits: int
) -> None:
    for commit in refused:
        told = gitmesh(command, commit[:digits], "--repo", repo.origin)
        assert told.code == 1
        said = told.out + told.err
        assert "its push was refused at 20" in said
        assert f"1 problem in {refused[0][:7]}" in said
        assert PROBLEM in said
        assert commit[:7] in said
        assert "--chain mesh" not in said


def test_programs_read_it_too(repo: Repo, refused: list[CommitId]) -> None:
    commit = refused[0]
    asked = (commit, "--repo", repo.origin, "--json")
    status = gitmesh("status", *asked).json()
    assert (status["commit"], status["verdict"], status["outcome"]) == (commit, "refused", None)
    assert status["problems"][0]["code"] == "dangling-reference"
    assert status["pushRefused"]["kind"] == "PushRefused"
    waited = gitmesh("wait", *asked).json()
    assert (waited["refused"], waited["met"]) == (True, False)
    shown = gitmesh("show", *asked).json()
    assert (shown["commit"], shown["outcome"], shown["seq"]) == (commit, "push-refused", None)


def test_one_that_got_in_after_all_is_told_of_as_any_other(repo: Repo) -> None:
    bad = commit_shares(repo, 10, "cart-v3")
    assert push(repo)[0] == 1
    [_] = recorded(repo)
    (repo.origin / "hooks" / "pre-receive").unlink()
    assert push(repo)[0] == 0
    waiting = gitmesh("wait", bad, "--repo", repo.origin, "--timeout", "0")
    assert (waiting.code, "is not in the log yet" in waiting.err) == (4, True)
    assert gitmesh("status", bad, "--repo", repo.origin).code == 4
    follow(repo.origin)
    told = gitmesh("status", bad, "--repo", repo.origin).out
    assert ("REJECTED" in told, "its push was refused" in told) == (True, False)


def test_a_beginning_that_fits_several_refused_pushes_is_told(repo: Repo) -> None:
    tried = [CommitId(f"abcd{at}".ljust(40, "0")) for at in range(2)]
    follow(repo.origin, [replace(PUSH, after=commit) for commit in tried])
    told = gitmesh("status", "abcd", "--repo", repo.origin)
    assert (told.code, "'abcd' matches several commits" in told.err) == (2, True)
    found = gitmesh("status", "abcd1", "--repo", repo.origin, "--json").json()
    assert found["commit"] == tried[1]
