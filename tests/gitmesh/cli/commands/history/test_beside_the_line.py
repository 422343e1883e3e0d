"""Commits that users ask about but that the log does not contain by themselves."""

from pathlib import Path
from shlex import quote

import pytest

from events.opening import open_for_writing
from events.types import ServerStarted
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.command_line import gitmesh
from tests.support.following import follow
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files


def merged(repo: Repo, name: str) -> tuple[str, str]:
    """Merge a commit of another branch into main; return it, and the merge."""
    repo.git("checkout", "--quiet", "-b", name)
    side = repo.commit({f"{name}.txt": name.encode()}, message=name)
    repo.git("checkout", "--quiet", "main")
    repo.commit({"other.txt": name.encode()})
    repo.git("merge", "--quiet", "--no-ff", "-m", f"Merge {name}", name)
    repo.push()
    return side, repo.head()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    repo.commit(sample_files())
    repo.push()
    return repo


@pytest.mark.parametrize("later", [0, 1, 2, 5, 9])
def test_a_commit_stands_as_the_merge_that_brought_it_in(repo: Repo, later: int) -> None:
    bare = repo.origin
    merged(repo, "before")
    side, merge = merged(repo, "side")
    for number in range(later):
        repo.commit({"more.txt": str(number).encode()}, message=f"More {number}")
        repo.push()
    with open_for_writing(log_path(bare)) as log:
        Follower(GitRepository.open(bare), log).catch_up()
        log.append_observed([ServerStarted("1.0")])
    told = gitmesh("status", side, "--repo", bare)
    assert told.code == 0
    assert told.out.startswith(f"the merge {merge[:7]} added {side[:7]}\n{merge[:7]} ")
    found = gitmesh("status", side, "--repo", bare, "--json").json()
    assert (found["asked"], found["commit"]) == (side, merge)
    waited = gitmesh("wait", side, "--repo", bare, "--for", "applied", "--json")
    assert (waited.code, waited.json()["broughtInBy"]) == (0, merge)
    for command in ("show {}", "pin {} --reason x --for 1h", "state --at {}"):
        refused = gitmesh(*command.format(side).split(), "--repo", bare)
        assert refused.code == 2
        assert f"{side[:7]} is not in the log itself: the merge {merge[:7]} added it" in refused.err


def test_what_nothing_brought_in_is_not_there_yet(repo: Repo) -> None:
    follow(repo.origin)
    repo.git("checkout", "--quiet", "-b", "side")
    side = repo.commit({"side.txt": b"x"})
    repo.git("push", "--quiet", "origin", "side")
    assert "no server has read it yet" in gitmesh("status", side, "--repo", repo.origin).out
    for commit in (side, "f" * 40):  # the other may be on its way to the repository, too
        waited = gitmesh("wait", commit, "--repo", repo.origin, "--timeout", 0)
        assert (waited.code, "is not in the log yet" in waited.err) == (4, True)


def test_a_log_alone_knows_its_newest_commit_and_no_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Repo(tmp_path).origin
    commit = put(bare, sample_files())
    follow(bare)
    (tmp_path / "alone").mkdir()
    monkeypatch.chdir(tmp_path / "alone")
    log = ("--log", str(log_path(bare)))
    assert gitmesh("show", *log).out.startswith(f"commit {commit}\n")
    assert gitmesh("wait", *log, "--for", "applied").code == 0
    assert gitmesh("wait", "f" * 40, *log, "--timeout", 0).code == 4
    for asked in ("show main", "status main", "wait main", "state --at main"):
        refused = gitmesh(*asked.split(), *log)
        assert (refused.code, "no repository here to " in refused.err) == (2, True)
        assert "--repo" in refused.err
    for asked in ("rollback 1", "diff main main"):
        refused = gitmesh(*asked.split(), *log)
        assert (refused.code, ". is not a git repository" in refused.err) == (2, True)


def test_before_history_it_is_told_when_that_begins(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    follow(bare)
    here = ("--repo", bare)
    for asked in (
        ("state", "--at", "2 hours ago"),
        ("state", "--at", "2 hours ago", "--json"),
        ("state", "--at", "2 hours ago", "--as", "envoy", "--node", "mesh/shop/virtualNode/web"),
        ("pin", "2 hours ago", "--reason", "x", "--for", "1h"),
        ("rollback", "2 hours ago"),
        ("show", "2 hours ago"),
        ("log", "--commit", "2 hours ago"),
    ):
        refused = gitmesh(*asked, *here)
        assert (refused.code, "the log begins at 20" in refused.err) == (2, True)


def test_a_head_that_names_no_branch_is_told_with_those_there_are(repo: Repo) -> None:
    bare = repo.origin
    follow(bare)
    git(bare, "symbolic-ref", "HEAD", "refs/heads/master")
    line = f"git -C {quote(str(bare))} symbolic-ref HEAD refs/heads/main"
    way = f"or let HEAD name one that exists: {line}\n"
    for command in (["show"], ["wait"], ["validate"], ["rollback", "main"]):
        refused = gitmesh(*command, "--repo", bare)
        assert "branch 'master' has no commit" in refused.err
        assert refused.err.endswith(way)
    refused = gitmesh("rollback", "main", "--branch", "live", "--repo", bare)
    assert refused.err.endswith("; or follow one that exists: --branch main\n")


def test_an_id_that_is_too_short_is_told_as_such(repo: Repo) -> None:
    alike = {repo.blob(text)[:4] for text in (b"142", b"784")}
    assert alike == {"8324"}
    repo.commit({"a": b"142", "b": b"784"})
    repo.push()
    refused = gitmesh("validate", "8324", "--repo", repo.origin)
    assert (refused.code, "matches several objects" in refused.err) == (2, True)


def test_what_does_not_fit_is_refused_in_words(tmp_path: Path) -> None:
    bare = Repo(tmp_path).origin
    commit = put(bare, sample_files())
    put(bare, sample_files(shares(10)), minute=1)
    follow(bare)
    here = ("--repo", bare)
    nothing = gitmesh("pin", commit, "--reason", " ", "--for", "1h", *here)
    assert (nothing.code, "--reason is empty" in nothing.err) == (2, True)
    for name in ("status", "wait"):
        refused = gitmesh(name, "nowhere", *here)
        assert (refused.code, "'nowhere' names no commit in" in refused.err) == (2, True)
    for asked in (("diff", "1", "now"), ("rollback", commit)):
        refused = gitmesh(*asked, *here, "--log", tmp_path / "missing")
        assert (refused.code, "missing does not exist" in refused.err) == (2, True)
    inside = gitmesh("status", "--repo", bare / "refs")
    assert inside.err.endswith(f"  hint: it lies in one, which is {bare}\n")
