"""Files of a repository that a full disk or a power cut has damaged: named, and what to do."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh.errors import Fatal
from reconciler.git.damage import BRANCH_MISSING, OBJECT_DAMAGED, REF_DAMAGED
from reconciler.git.obstacle import MISSING
from reconciler.git.repository import GitRepository
from reconciler.reading.source import ObjectId, ObjectMissing, SourceUnavailable
from tests.reconciler.following import following, run
from tests.support.command_line import gitmesh
from tests.support.git import git, put

FILES = {"shop/mesh.yaml": "kind: Mesh\n"}
DAMAGED = {
    "empty": (b"", "is empty"),
    "blank": (b"\n", "is empty"),
    "zero bytes": (bytes(41), "is full of zero bytes"),
    "cut off": (b"0123456789abcdef", "names no commit"),
    "something else": (b"hello\n", "names no commit"),
    "no name": (b"ref: ../../etc/passwd\n", "names no commit"),
    "itself": (b"ref: refs/heads/main\n", "names itself"),
    "a circle": (b"ref: refs/heads/other\n", "names itself through refs/heads/other"),
}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = tmp_path / "shop's repo.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    put(path, FILES)
    (path / "refs" / "heads" / "other").write_text("ref: refs/heads/main\n")
    return path


def failure(origin: Path, *, branch: str | None = None) -> SourceUnavailable:
    """Return why the branch cannot be followed; a repository that was open before says the same."""
    with pytest.raises(SourceUnavailable) as found:
        GitRepository.open(origin).tip(branch)
    return found.value


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_ref_is_named_and_the_hint_mends_it(origin: Path, kind: str) -> None:
    repo = GitRepository.open(origin)
    commit = repo.tip()
    text, what = DAMAGED[kind]
    file = origin / "refs" / "heads" / "main"
    file.write_bytes(text)
    error = failure(origin)
    assert error.reason == REF_DAMAGED
    assert error.message == f"{file} is damaged: it {what}"
    for revision in (None, "HEAD", "main"):
        with pytest.raises(SourceUnavailable) as found:
            repo.tip() if revision is None else repo.resolve(revision)
        assert (found.value.reason, found.value.message) == (error.reason, error.message)
    said = re.search(r": (rm .*) \(gitmesh log", error.hint)
    assert said is not None
    command = said[1].replace("COMMIT", commit)
    subprocess.run(["bash", "-ec", command], check=True, cwd="/")
    assert repo.tip() == commit


def test_status_finds_the_newest_commit_in_the_log_where_the_ref_is_damaged(
    origin: Path, tmp_path: Path
) -> None:
    commit, log = GitRepository.open(origin).tip(), tmp_path / "log.db"

    async def steps() -> None:
        async with following(origin, log) as at:
            await at.until(commit)

    run(steps())
    (origin / "refs" / "heads" / "main").write_bytes(bytes(41))
    told = gitmesh("status", "--repo", origin, "--log", log)
    assert commit[:7] in told.out, told.err


def test_a_branch_that_names_a_missing_one_says_so(origin: Path) -> None:
    commit = GitRepository.open(origin).tip()
    file = origin / "refs" / "heads" / "main"
    file.write_text("ref: refs/heads/live\n")
    error = failure(origin)
    assert (error.reason, error.message) == (
        BRANCH_MISSING,
        f"{file} names refs/heads/live, which does not exist",
    )
    command = error.hint.partition("or: ")[2].replace("COMMIT", commit)
    subprocess.run(shlex.split(command), check=True, cwd="/")
    assert GitRepository.open(origin).tip() == commit


@pytest.mark.parametrize("text", [b"", bytes(24), b"hello"])
def test_a_damaged_head_is_named_and_the_hint_mends_it(origin: Path, text: bytes) -> None:
    commit = GitRepository.open(origin).tip()
    (origin / "HEAD").write_bytes(text)
    error = failure(origin)
    assert error.reason == REF_DAMAGED
    assert error.message.startswith(f"{origin / 'HEAD'} is damaged: it ")
    assert failure_is_none(origin, branch="main"), "a branch that is named needs no HEAD"
    subprocess.run(["bash", "-ec", error.hint.partition("it: ")[2]], check=True, cwd="/")
    assert GitRepository.open(origin).tip() == commit


def failure_is_none(origin: Path, *, branch: str) -> bool:
    GitRepository.open(origin).tip(branch)
    return True


def test_a_branch_without_a_commit_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "new.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    assert failure(path).message == "branch 'main' has no commit"


def test_a_ref_that_is_only_packed_is_read(origin: Path) -> None:
    (origin / "refs" / "heads" / "other").unlink()
    git(origin, "pack-refs", "--all")
    assert not (origin / "refs" / "heads" / "main").exists()
    assert failure_is_none(origin, branch="main")


@pytest.mark.parametrize("left", [0, 1, 2, 10, 20, 25, -1, -4])
@pytest.mark.parametrize("kind", ["commit", "tree", "blob"])
def test_a_damaged_object_is_named(origin: Path, kind: str, left: int) -> None:
    before = GitRepository.open(origin)
    commit = before.tip()
    blob = git(origin, "rev-parse", f"{commit}:shop/mesh.yaml")
    oid = {"commit": commit, "tree": before.tree_of(commit), "blob": blob}[kind]
    file = origin / "objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:left])
    repo = GitRepository.open(origin)

    def read_all() -> None:
        repo.read_tree(repo.tree_of(repo.tip()))
        repo.blob_bytes(ObjectId(blob))
        repo.read_blob(ObjectId(blob))

    with pytest.raises(SourceUnavailable) as found:
        read_all()
    assert found.value.reason == OBJECT_DAMAGED
    assert f"{file} is damaged" in found.value.message
    assert "git fsck" in found.value.hint
    file.unlink()
    if kind != "commit":
        with pytest.raises(ObjectMissing, match=f"object {oid} is not in the repository"):
            GitRepository.open(origin).read_tree(ObjectId(oid))


def test_objects_are_what_they_were_written_as(origin: Path) -> None:
    repo = GitRepository.open(origin)
    for text in ("", "x", "kind: Mesh\n" * 10_000, "".join(map(chr, range(30, 5_000)))):
        (origin.parent / "file").write_text(text)
        oid = ObjectId(git(origin, "hash-object", "-w", str(origin.parent / "file")))
        assert repo.read_blob(oid) == text.encode()
        assert repo.blob_bytes(oid) == len(text.encode())


def test_an_object_under_the_name_of_another_is_damaged(origin: Path) -> None:
    commit = GitRepository.open(origin).tip()
    put(origin, {"shop/mesh.yaml": "kind: Mesh\n# changed\n"})
    other = GitRepository.open(origin).tip()
    (origin / "objects" / commit[:2] / commit[2:]).chmod(0o644)
    (origin / "objects" / commit[:2] / commit[2:]).write_bytes(
        (origin / "objects" / other[:2] / other[2:]).read_bytes()
    )
    with pytest.raises(ObjectMissing, match="is damaged"):
        GitRepository.open(origin).facts(commit)


def test_ancestry_over_a_commit_that_is_cut_off_ends(origin: Path) -> None:
    first = GitRepository.open(origin).tip()
    for at in range(3):
        put(origin, {"shop/mesh.yaml": f"kind: Mesh\n# {at}\n"})
    repo = GitRepository.open(origin)
    tip = repo.tip()
    middle = repo.first_parent(tip)
    assert middle is not None
    assert repo.descends(tip, first)
    file = origin / "objects" / middle[:2] / middle[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:30])
    asked: list[Callable[[GitRepository], object]] = [
        lambda repo: repo.descends(tip, first),
        lambda repo: repo.merge_base(first, tip),
        lambda repo: repo.resolve("main~2"),
    ]
    for ask in asked:
        with pytest.raises(SourceUnavailable) as found:
            ask(GitRepository.open(origin))
        assert (found.value.reason, str(file) in found.value.message) == (OBJECT_DAMAGED, True)


def test_a_tag_is_followed_to_its_commit_and_a_damaged_one_is_named(origin: Path) -> None:
    commit = GitRepository.open(origin).tip()
    git(origin, "tag", "-a", "-m", "x", "v1", "main")
    git(origin, "tag", "-a", "-m", "x", "v2", "v1")
    tag = git(origin, "rev-parse", "v2")
    assert GitRepository.open(origin).tip("refs/tags/v2") == commit
    file = origin / "objects" / tag[:2] / tag[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:30])
    asked: list[Callable[[GitRepository], object]] = [
        lambda repo: repo.tip("refs/tags/v2"),
        lambda repo: repo.resolve("v2"),
    ]
    for ask in asked:
        with pytest.raises(SourceUnavailable) as found:
            ask(GitRepository.open(origin))
        assert found.value.reason == OBJECT_DAMAGED


@pytest.mark.parametrize("keep", [0, 4, 12, 60, -20])
@pytest.mark.parametrize("fill", [True, False])
def test_a_damaged_pack_is_named(origin: Path, keep: int, fill: bool) -> None:
    (origin / "refs" / "heads" / "other").unlink()
    git(origin, "gc", "--quiet")
    (pack,) = (origin / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    text = pack.read_bytes()
    pack.write_bytes(text[:keep] + (bytes(len(text[keep:])) if fill else b""))
    error = failure(origin)
    assert (error.reason, error.message) == (OBJECT_DAMAGED, f"{pack} is damaged")


def test_a_pack_that_is_damaged_in_the_middle_is_named(origin: Path) -> None:
    (origin / "refs" / "heads" / "other").unlink()
    git(origin, "gc", "--quiet")
    (pack,) = (origin / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    text = pack.read_bytes()
    pack.write_bytes(text[:12] + bytes(len(text) - 32) + text[-20:])
    error = failure(origin)
    assert error.reason == OBJECT_DAMAGED
    assert f"a pack in {origin / 'objects'} is damaged" in error.message


@pytest.mark.parametrize("name", ["objects", "refs", "HEAD"])
def test_a_repository_of_which_a_part_is_missing_is_opened_when_it_is_back(
    origin: Path, name: str
) -> None:
    commit = GitRepository.open(origin).tip()
    away = (origin / name).rename(origin.parent / "away")
    with pytest.raises(Fatal) as refused:
        GitRepository.open(origin)
    assert refused.value.message.endswith(f"{origin / name} is missing")
    assert "init" not in refused.value.hint
    repo = GitRepository.open_later(origin)
    for _ in range(2):
        with pytest.raises(SourceUnavailable) as found:
            repo.tip()
        assert found.value.reason == MISSING
        assert str(origin / name) in found.value.message
    assert repo.shown_otherwise() == []
    away.rename(origin / name)
    assert repo.tip() == commit
    assert repo.has(commit)
