"""Files that make git show another history: ignored, and reported."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.opening import open_for_writing
from events.store import EventReader, EventStore
from events.types import (
    Chain,
    CommitId,
    HistoryRewritten,
    SourceDegraded,
    SourceRecovered,
)
from reconciler.follower import Follower
from reconciler.git.ancestry import ancestry, merge_base
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectMissing
from tests.reconciler.following import Following, following, run
from tests.support.commit_graph import forge_parent
from tests.support.git import Repo, git
from tests.support.meshes import shop_mesh
from tests.support.specs import files


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventStore]:
    with open_for_writing(tmp_path / "log.sqlite3") as opened:
        yield opened


def rewritten(log: EventReader) -> list[HistoryRewritten]:
    events = [decode(record) for record in log.read(Chain.MESH)]
    return [event for event in events if isinstance(event, HistoryRewritten)]


@pytest.mark.parametrize("forged", ["commit-graph", "shallow", "replace", "grafts"])
def test_a_force_push_is_logged_as_the_commits_say(
    repo: Repo, log: EventStore, forged: str
) -> None:
    """Old and new line begin with one commit; a forged file says that the old one continues the
    new, or that they never met."""
    root = repo.commit_and_push(files(shop_mesh()))
    old = repo.commit_and_push({"README": "old"})
    follower = Follower(GitRepository.open(repo.origin), log)
    follower.catch_up()
    repo.reset(root)
    bad = repo.commit({"bad.yaml": "kind: Mess\n"})
    new = repo.commit({"bad.yaml": None, "README": "new"})
    repo.push(force=True)
    git(repo.origin, "update-ref", "refs/heads/old", old)
    if forged == "commit-graph":
        forge_parent(repo.origin, old, new)
        assert new in git(repo.origin, "log", "--format=%H", "old"), "git is not deceived"
    elif forged == "replace":
        git(repo.origin, "replace", "--graft", old, new)
    else:
        name = "shallow" if forged == "shallow" else "info/grafts"
        (repo.origin / name).write_text(f"{bad}\n")
    if forged != "grafts":  # with which no repository is opened
        follower = Follower(GitRepository.open(repo.origin), log)
    follower.catch_up()
    expected = HistoryRewritten(
        CommitId(old), CommitId(new), CommitId(root), (CommitId(old),), "rewritten"
    )
    assert rewritten(log) == [expected]
    rejected = [r.commit for r in log.read(Chain.MESH) if r.kind == "CommitRejected"]
    assert rejected == [bad]


def test_a_long_line_is_followed_though_a_file_says_that_it_ends(
    repo: Repo, log: EventStore
) -> None:
    repo.commit_and_push(files(shop_mesh()))
    follower = Follower(GitRepository.open(repo.origin), log)
    follower.catch_up()
    tree = repo.git("rev-parse", "HEAD^{tree}")
    commits = [repo.head()]
    for _ in range(300):
        commits.append(repo.commit_tree(tree, commits[-1]))
    repo.push(ref="main")
    (repo.origin / "shallow").write_text(f"{commits[-2]}\n")
    follower.catch_up()
    assert rewritten(log) == []


def test_a_commit_that_is_lost_is_no_beginning_of_history(repo: Repo) -> None:
    """Otherwise all before it would seem to have been taken off the branch."""
    first = repo.commit_and_push({"a": "1"})
    repo.commit_and_push({"a": "2"})
    (repo.origin / "objects" / first[:2] / first[2:]).unlink()
    opened = GitRepository.open(repo.origin)
    with pytest.raises(ObjectMissing, match=first):
        opened.first_parent(opened.tip())


def test_a_shallow_clone_tells_how_the_commits_that_it_has_are_related(
    repo: Repo, tmp_path: Path
) -> None:
    repo.commit_and_push({"a": "0"})
    base = repo.commit_and_push({"a": "1"})
    one = repo.commit_and_push({"a": "2"})
    repo.reset(base)
    repo.branch = "other"
    other = repo.commit_and_push({"b": "2"})
    options = ["--bare", "--depth=2", "--no-single-branch"]
    git(tmp_path, "clone", "-q", *options, f"file://{repo.origin}", "clone")
    clone = GitRepository.open(tmp_path / "clone")
    assert clone.is_shallow
    assert clone.merge_base(CommitId(one), CommitId(other)) == base
    assert clone.descends(CommitId(one), CommitId(base))
    assert not clone.descends(CommitId(one), CommitId(other))
    nothing = CommitId("1" * 40)
    assert clone.merge_base(CommitId(one), nothing) is None
    assert not clone.descends(nothing, CommitId(one))


def test_what_is_reckoned_by_hand_is_what_git_says(repo: Repo) -> None:
    """On histories of many merges, git's own answers are the measure."""
    chance = random.Random(7)
    tree = repo.tree_of([])
    made: list[CommitId] = []
    for n in range(60):
        parents = chance.sample(made[-8:], min(len(made), chance.choice([1, 1, 2])))
        made.append(CommitId(repo.commit_tree(tree, *parents, message=str(n))))
    opened = GitRepository.open(repo.work)

    def parents_of(commit: CommitId) -> list[CommitId]:
        line = repo.git("rev-list", "--parents", "-1", commit).split()
        return [CommitId(each) for each in line[1:]]

    known = {commit: parents_of(commit) for commit in made}
    nothing: list[str | None] = [None]
    for _ in range(60):
        one, other = chance.sample(made, 2)
        bases: list[str | None] = [*repo.git("merge-base", "--all", one, other).split()]
        assert merge_base(one, other, known.__getitem__) in (bases or nothing)
        assert opened.merge_base(one, other) in (bases or nothing)
        assert (other in ancestry(one, known.__getitem__)) == opened.descends(one, other)


def test_a_server_tells_of_what_appears_and_of_its_end(repo: Repo, tmp_path: Path) -> None:
    def history(log: EventReader) -> list[str]:
        events = [decode(record) for record in log.read(Chain.DELIVERY)]
        found = [e for e in events if isinstance(e, SourceDegraded | SourceRecovered)]
        return [e.message if isinstance(e, SourceDegraded) else e.reason for e in found]

    async def news(at: Following, happens: Callable[[], object], words: str) -> None:
        before = len(history(at.log))
        happens()
        await at.true(lambda: len(history(at.log)) > before)
        assert words in history(at.log)[-1]

    async def steps() -> None:
        repo.commit_and_push(files(shop_mesh()))
        second = repo.commit_and_push({"README": "two"})
        async with following(repo.origin, tmp_path / "log.db") as at:
            await at.until(second)
            grafts, shallow = repo.origin / "info" / "grafts", repo.origin / "shallow"
            await news(
                at, lambda: grafts.write_text(f"{second}\n"), "info/grafts in the repository"
            )
            await news(at, grafts.unlink, "history-replaced")
            await news(at, lambda: shallow.write_text(f"{second}\n"), "shallow in the repository")
            await news(at, shallow.unlink, "history-replaced")
            graft = ["replace", "--graft", second]
            await news(at, lambda: git(repo.origin, *graft), "makes git log show another history")
            await news(at, lambda: git(repo.origin, "replace", "-d", second), "history-replaced")
            git(repo.origin, *graft)
            await at.true(lambda: "refs/replace in the" in history(at.log)[-1])
            git(repo.origin, "pack-refs", "--all")
            await news(at, lambda: git(repo.origin, "replace", "-d", second), "history-replaced")
            third = repo.commit_and_push({"README": "three"})
            await at.until(third)
            assert rewritten(at.log) == []

    run(steps())


def test_a_shallow_clone_is_not_told_of_as_long_as_it_was_one(repo: Repo, tmp_path: Path) -> None:
    for n in range(3):
        repo.commit_and_push({**files(shop_mesh()), "README": str(n)})
    git(tmp_path, "clone", "-q", "--bare", "--depth=1", f"file://{repo.origin}", "clone")
    assert GitRepository.open(tmp_path / "clone").shown_otherwise() == []
