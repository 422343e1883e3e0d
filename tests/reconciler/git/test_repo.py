"""Opening, following and creating repositories, and their error messages."""

import os
import shutil
from pathlib import Path

import pygit2
import pytest

from events.types import CommitId
from mesh.errors import Fatal, UsageError
from reconciler.git import handle
from reconciler.git.initialization import init_bare
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectId, ObjectMissing, SourceUnavailable
from tests.support.git import Repo, git


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def test_a_new_repository_can_be_pushed_to_at_once(repo: Repo, tmp_path: Path) -> None:
    made = init_bare(tmp_path / "made.git", "prod")
    with pytest.raises(SourceUnavailable) as unborn:
        made.tip()
    assert unborn.value.reason == "branch-missing"
    commit = repo.commit({"a": "1"})
    repo.git("push", "-q", str(made.path), "HEAD:prod")
    assert made.tip() == commit
    assert made.following() == "refs/heads/prod"
    assert (made.path / "logs/refs/heads/prod").read_text().count(commit) == 1
    assert git(made.path, "fsck", "--strict") == ""


def test_what_is_there_is_never_made_into_a_repository(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="exists already"):
        init_bare(tmp_path)
    with pytest.raises(UsageError, match="exists already"):
        init_bare(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    init_bare(tmp_path / "empty")
    with pytest.raises(UsageError, match="name of a branch"):
        init_bare(tmp_path / "new", "../main")
    assert not (tmp_path / "new").exists()


def test_folders_above_are_not_searched_for_a_repository(repo: Repo) -> None:
    (repo.work / "below").mkdir()
    with pytest.raises(Fatal, match="not a git repository"):
        GitRepository.open(repo.work / "below")
    with pytest.raises(Fatal, match="there is no"):
        GitRepository.open(repo.work / "nowhere")


def test_sha_256_repositories_are_refused_with_a_remedy(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    with pytest.raises(Fatal, match="SHA-256") as refused:
        GitRepository.open(tmp_path / "new")
    assert "--object-format=sha1" in refused.value.hint


def test_reftable_repositories_are_refused_with_a_remedy(repo: Repo) -> None:
    git(repo.origin, "config", "core.repositoryformatversion", "1")
    git(repo.origin, "config", "extensions.refStorage", "reftable")
    with pytest.raises(Fatal, match="reftable") as refused:
        GitRepository.open(repo.origin)
    assert "--ref-format=files" in refused.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_users_repository_is_read_only_on_request(repo: Repo) -> None:
    commit = repo.commit_and_push({"a": "1"})
    for path in (repo.origin, *repo.origin.rglob("*")):
        os.chown(path, 12345, 12345)
    with pytest.raises(Fatal, match="another user") as refused:
        GitRepository.open(repo.origin)
    assert "chown" in refused.value.hint
    assert GitRepository.open(repo.origin, trust_owner=True).tip() == commit
    assert pygit2.settings.owner_validation


def test_a_libgit2_with_known_holes_is_refused(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pygit2, "LIBGIT2_VERSION", "1.9.6")
    with pytest.raises(Fatal, match=r"1\.9\.6") as refused:
        GitRepository.open(repo.origin)
    assert "pygit2>=" in refused.value.hint


def test_only_the_repositorys_own_configuration_counts(repo: Repo) -> None:
    GitRepository.open(repo.origin)
    for level in handle._LEVELS:
        assert pygit2.settings.search_path[level] == ""


def test_loose_and_packed_refs_and_tags_are_the_same(repo: Repo) -> None:
    commit = repo.commit_and_push({"a": "1"})
    repo.git("tag", "-a", "v1", "-m", "first")
    repo.git("push", "-q", "origin", "v1")
    opened = GitRepository.open(repo.origin)
    assert opened.tip() == commit
    assert opened.moved_ns() is not None
    git(repo.origin, "pack-refs", "--all")
    assert opened.tip() == commit
    assert opened.moved_ns() is None
    assert opened.tip("refs/tags/v1") == commit
    for name in ("main", "v1", commit[:8], "HEAD", "refs/heads/main"):
        assert opened.resolve(name) == commit
    with pytest.raises(UsageError, match="names no commit"):
        opened.resolve("nonsense")


@pytest.mark.parametrize("revision", ["a\0b", "main\n", "\x7f", "\ud800", "\x99\0~2"])
def test_a_revision_that_is_no_name_for_git_names_no_commit(repo: Repo, revision: str) -> None:
    repo.commit_and_push({"a": "1"})
    with pytest.raises(UsageError, match="names no commit"):
        GitRepository.open(repo.origin).resolve(revision)


def test_a_linked_work_tree_is_watched_where_its_refs_are(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    opened = GitRepository.open(tmp_path / "side")
    assert opened.ref_dir == (repo.work / ".git").resolve()
    assert opened.following() == "refs/heads/side"
    git(tmp_path / "side", "commit", "-q", "--allow-empty", "-m", "x")
    assert opened.tip() == git(tmp_path / "side", "rev-parse", "HEAD")


def test_a_ref_that_names_no_commit_is_unreadable_for_now(repo: Repo) -> None:
    repo.commit_and_push({"a": "1"})
    blob = git(repo.origin, "hash-object", "-w", "--stdin", stdin=b"x")
    (repo.origin / "refs/heads/main").write_text(f"{blob}\n")
    opened = GitRepository.open(repo.origin)
    with pytest.raises(SourceUnavailable) as unavailable:
        opened.tip()
    assert unavailable.value.reason == "unreadable"
    (repo.origin / "refs/heads/main").write_text(f"{'1' * 40}\n")
    with pytest.raises(SourceUnavailable):
        opened.tip()


def test_a_replaced_repository_is_opened_again(repo: Repo, tmp_path: Path) -> None:
    old = repo.commit_and_push({"a": "1"})
    opened = GitRepository.open(repo.origin)
    assert opened.tip() == old
    shutil.rmtree(repo.origin)
    with pytest.raises(SourceUnavailable) as gone:
        opened.tip()
    assert gone.value.reason == "repository-missing"
    (tmp_path / "other").mkdir()
    other = Repo(tmp_path / "other")
    new = other.commit_and_push({"b": "2"}, "another history")
    other.origin.rename(repo.origin)
    assert opened.tip() == new
    assert opened.facts(CommitId(new)).message == "another history\n"


def test_a_shallow_clone_ends_where_its_history_does(repo: Repo, tmp_path: Path) -> None:
    for n in range(4):
        repo.commit_and_push({"a": str(n)})
    git(tmp_path, "clone", "-q", "--bare", "--depth=2", f"file://{repo.origin}", "shallow")
    opened = GitRepository.open(tmp_path / "shallow")
    parent = opened.first_parent(opened.tip())
    assert parent is not None
    assert opened.first_parent(parent) is None


def test_missing_objects_are_told_by_their_id(repo: Repo) -> None:
    opened = GitRepository.open(repo.origin)
    nothing = "1" * 40
    for read in (opened.facts, opened.first_parent, opened.tree_of):
        with pytest.raises(ObjectMissing, match=nothing):
            read(CommitId(nothing))
    for load in (opened.read_tree, opened.blob_bytes, opened.read_blob):
        with pytest.raises(ObjectMissing, match=nothing):
            load(ObjectId(nothing))
    assert not opened.has(CommitId(nothing))
    assert not opened.has(CommitId("not an id"))
    assert not opened.descends(CommitId(nothing), CommitId("2" * 40))
    assert opened.merge_base(CommitId(nothing), CommitId("2" * 40)) is None
