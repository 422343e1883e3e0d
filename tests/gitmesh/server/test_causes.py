"""The cause of a publication is reported: a push, a pin, its end, a force push."""

from pathlib import Path

import pytest

from tests.gitmesh.push.test_push import commit_shares, push
from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE, sample_files
from tests.support.server import Server
from tests.support.shop_client import follow_everything
from xds.type_urls import ROUTE


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repository whose hooks wait for nobody, with a clone whose shop is committed."""
    repo = Repo(tmp_path)
    repo.origin.rename(tmp_path / "plain.git")
    assert gitmesh("init", repo.origin).code == 0
    assert gitmesh("hooks", repo.origin, "--wait", "0").code == 0
    repo.commit(sample_files(), "The shop's mesh")
    return repo


def told(origin: Path, commit: str) -> list[str]:
    """Return what each command says of the last time that a commit was served."""
    asked = ("--repo", origin)
    return [
        gitmesh("log", *asked, "--kind", "SnapshotConverged", "--limit", 1).out,
        gitmesh("status", commit, *asked).out,
        gitmesh("show", commit, *asked).out.split("\n\n")[-1],
    ]


def test_after_a_pin_and_its_end_nothing_is_said_of_a_push(repo: Repo) -> None:
    assert push(repo).code == 0
    with Server(repo.origin) as server, RawClient(server.address, ENTRANCE) as client:
        follow_everything(client)
        commits = []
        for percent in (10, 20):
            commits.append(commit_shares(repo, percent))
            assert push(repo).code == 0
            client.receive(ROUTE)
            server.wait_for("snapshot converged", commit=commits[-1][:7])
        first, second = commits
        for words in told(repo.origin, second):
            assert "after the branch moved" in words
        asked = ("--repo", repo.origin, "--reason", "INC-7")
        assert gitmesh("pin", first, *asked, "--for", "1h").code == 0
        client.receive(ROUTE)
        server.wait_for("snapshot converged", commit=first[:7], after="pin")
        for words in told(repo.origin, first):
            assert "ms after the pin" in words
        third = commit_shares(repo, 30)
        assert push(repo).code == 0
        server.wait_for("a newer commit is not served until the PIN ends")
        assert gitmesh("unpin", *asked).code == 0
        client.receive(ROUTE)
        server.wait_for("snapshot converged", commit=third[:7], after="release")
        for words in [*told(repo.origin, third), gitmesh("wait", third, "--repo", repo.origin).out]:
            assert "ms after the pin ended" in words
        found = gitmesh("status", third, "--repo", repo.origin, "--json").json()["converged"]
        assert (found["after"], found["microsecondsAfterPush"]) == ("release", None)
        assert found["microseconds"] > 0


@pytest.mark.parametrize("many", [3, 12])
def test_a_force_push_tells_which_commits_it_drops(repo: Repo, many: int) -> None:
    assert push(repo).code == 0
    base = repo.head()
    dropped = [commit_shares(repo, percent, message=f"To {percent}") for percent in range(1, many)]
    dropped.append(commit_shares(repo, 90, message="Too\x1b[2Jfar"))
    assert push(repo).code == 0
    repo.git("reset", "--quiet", "--hard", base)
    with Server(repo.origin) as server:
        server.wait_for("ready")
        answer = push(repo, "--force").told
        log = gitmesh("log", repo.origin, "--kind", "HistoryRewritten").out
        commits = gitmesh("log", repo.origin, "--commits").out.splitlines()[-1]
        shown = gitmesh("show", base, "--repo", repo.origin)
        listed = gitmesh("show", base, "--repo", repo.origin, "--json").json()["dropped"]
    assert f"removes {many} commits from the branch" in answer
    for commit in dropped[-10:]:
        assert f"    {commit[:7]} “" in answer
    assert "Too\\x1b[2Jfar" in answer
    assert ("… and 2 more" in answer) == (many == 12)
    assert "is that of" not in answer
    newest_first = ", ".join(commit[:7] for commit in reversed(dropped))
    for words in (log, commits, shown.out):
        assert f"dropped: {newest_first}" in words
    assert listed == dropped[::-1]
    assert "restores the mesh of" not in shown.out
    assert "it was applied before" in shown.out
