"""After a rollback, the output says which server serves it, or what must be done first."""

import shlex
import subprocess
from pathlib import Path
from shlex import quote

import pytest

from events.types import CommitId, ServingPinned
from gitmesh.demo.sample import ROUTES, shares
from tests.gitmesh.cli.commands.repository.test_status import Followed
from tests.support.command_line import gitmesh
from tests.support.following import follow
from tests.support.git import Repo, git, put
from tests.support.sample_shop import Shop, sample_files
from tests.support.server import Server


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a repository that was followed, and a clone of it with two commits."""
    repo = Repo(tmp_path)
    repo.commit_and_push(sample_files(), "The shop's mesh")
    repo.commit_and_push({ROUTES: sample_files(shares(10))[ROUTES]}, "Shift")
    follow(repo.origin)
    return repo


def test_in_a_clone_the_line_to_push_is_told_and_works(repo: Repo) -> None:
    done = gitmesh("rollback", "HEAD~1", "--repo", repo.work)
    assert done.code == 0, done.err
    line = f"git -C {quote(str(repo.work))} push origin main"
    assert f"this is a clone, and the commit is not pushed yet: {line}\n" in done.out
    assert "gitmesh wait" not in done.out
    assert git(repo.origin, "rev-parse", "main") != repo.head()
    subprocess.run(shlex.split(line), check=True, capture_output=True)
    assert git(repo.origin, "rev-parse", "main") == repo.head()


def test_a_branch_is_pushed_to_the_one_that_it_tracks(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("remote", "rename", "origin", "there")
    repo.git("branch", "--quiet", "--move", "main", "mine")
    repo.git("branch", "--quiet", "--set-upstream-to", "there/main")
    monkeypatch.chdir(repo.work)
    done = gitmesh("rollback", "HEAD~1", "--json").json()
    assert (done["reach"], done["push"]) == ("clone", "git push there mine:main")


def test_where_no_server_ever_ran_or_none_runs_now_it_is_told_to_start_one(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    first = put(bare, sample_files())
    for percent in (10, 20):
        put(bare, sample_files(shares(percent)), minute=percent)
    done = gitmesh("rollback", "main~1", "--repo", bare)
    words = f"no server has followed this repository yet: gitmesh serve --repo {quote(str(bare))}\n"
    assert done.out.endswith(words)
    follow(bare)
    done = gitmesh("rollback", first, "--repo", bare)
    assert "no server is running; it takes effect when one starts: gitmesh serve" in done.out
    with Server(bare) as server:
        server.wait_for("ready")
        done = gitmesh("rollback", "main~2", "--repo", bare)
        waits = done.out.splitlines()[-1]
        assert waits.startswith("wait for the proxies: gitmesh wait ")
        line = shlex.split(waits.partition(": gitmesh ")[2])
        assert gitmesh(*line, "--for", "applied", "--timeout", "30").code == 0


def test_a_rollback_behind_a_pin_says_that_it_waits_and_how_to_end_the_pin(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    first, seq = followed.commit, followed.seq
    followed.push(shares(10))
    pin = ServingPinned(CommitId(first), seq, "ada", "INC-7", "2999-01-01T00:00:00Z")
    followed.tell(pin)
    words = f"it is served when the pin ends: PINNED to {first[:7]} by ada until {pin.until}: INC-7"
    for options in (("--dry-run",), ()):
        done = gitmesh("rollback", first, "--repo", followed.bare, *options)
        assert words in done.out
        assert f"gitmesh unpin --repo {quote(str(followed.bare))}\n" in done.out
        assert "gitmesh wait" not in done.out
    newer = followed.push(shares(20))
    found = gitmesh("rollback", first, "--repo", followed.bare, "--dry-run", "--json").json()
    assert found["pinned"]["commit"] == first
    waited = gitmesh("wait", newer, "--repo", followed.bare, "--timeout", "0")
    assert waited.code == 4
    assert f"gitmesh unpin --repo {quote(str(followed.bare))}\n" in waited.err


def test_a_rollback_to_a_rollback_quotes_no_quotation(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    put(bare, sample_files(), message="The shop's mesh")
    put(bare, sample_files(shares(10)), minute=1)
    for _ in range(3):
        assert gitmesh("rollback", "main~1", "--repo", bare).code == 0
    subjects = git(bare, "log", "--format=%s", "-3", "main").splitlines()
    assert [subject.count("“") for subject in subjects] == [1, 1, 1]
    before = git(bare, "rev-parse", "--short=7", "main~2")
    assert subjects[0].startswith(f"Roll back to {before} “Roll back to ")


def test_who_makes_a_rollback_is_whom_git_knows(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "copy.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(shop.bare), str(bare))
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@shop.example\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert gitmesh("rollback", shop.shift, "--repo", bare).code == 0
    who = "--format=%an <%ae> %cn"
    assert git(bare, "log", "-1", who, "main") == "Ada <ada@shop.example> Ada"
    git(bare, "config", "user.name", "Bot")
    assert gitmesh("rollback", shop.first, "--repo", bare, GIT_AUTHOR_EMAIL="x@y").code == 0
    assert git(bare, "log", "-1", who, "main") == "Bot <x@y> Bot"
