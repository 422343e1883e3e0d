"""Too little memory to follow the branch is reported as such, without wrong decisions."""

import errno
import gc
import sqlite3
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.store import LogOutOfMemory, LogUnavailable
from events.types import CommitId
from mesh.errors import Fatal
from reconciler.attempt import Attempts, read_attempt
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import LINKING_BYTES, TreeReader
from reconciler.reading.source import ObjectId, ObjectMissing, SourceUnavailable
from tests.reconciler.following import mesh_of
from tests.support.git import Repo, git, put
from tests.support.memory import little_memory
from tests.support.meshes import a_node, shop_mesh
from tests.support.specs import files, text

COMMIT, TIP = CommitId("1" * 40), CommitId("2" * 40)
MISSING = "0" * 39 + "1"
Question = Callable[[GitRepository, CommitId], object]
QUESTIONS: dict[str, Question] = {
    "tip of a missing branch": lambda repo, _: repo.tip("nothing"),
    "has": lambda repo, _: repo.has(CommitId(MISSING)),
    "merge base": lambda repo, commit: repo.merge_base(commit, CommitId(MISSING)),
    "facts": lambda repo, _: repo.facts(CommitId(MISSING)),
    "tree": lambda repo, _: repo.read_tree(ObjectId(MISSING)),
    "blob": lambda repo, _: repo.read_blob(ObjectId(MISSING)),
    "size of a blob": lambda repo, _: repo.blob_bytes(ObjectId(MISSING)),
    "a revision": lambda repo, _: repo.resolve("nothing"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_without_memory_nothing_is_called_missing(
    tmp_path: Path, question: str, packed: bool
) -> None:
    bare = Repo(tmp_path).origin
    commit = CommitId(put(bare, {"a.txt": "one"}))
    if packed:
        git(bare, "gc", "--quiet")
    repo = GitRepository.open(bare)
    with little_memory(0), pytest.raises(MemoryError):
        QUESTIONS[question](repo, commit)


# ---- the reader ---------------------------------------------------------------------------------


def large_commit(repo: Repo, documents: int) -> CommitId:
    """Push documents in files of one, ten and a hundred."""
    nodes = [a_node(f"n{n}", 80) for n in range(documents)]
    sizes = [1] * 50 + [10] * 10 + [100] * documents
    for number, size in enumerate(sizes):
        repo.write({f"shop/many{number:04}.yaml": text(*nodes[:size])})
        nodes = nodes[size:]
        if not nodes:
            break
    return CommitId(repo.commit_and_push())


def test_room_is_asked_for_again_and_again_and_for_linking_at_once(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.commit_and_push(files(shop_mesh()))
    source = GitRepository.open(repo.origin)
    asked: list[int] = []
    reader = TreeReader(source, room=asked.append)
    small = reader.read(source.tree_of(source.tip())).tree
    assert asked == []
    large_commit(repo, 1_000)
    reader.read(source.tree_of(source.tip()), small)
    *reading, linking = asked
    assert 3 <= len(reading) <= 6
    assert set(reading) == {0}
    assert linking == LINKING_BYTES * 1_000


def test_a_follower_stops_while_the_rest_of_the_server_has_memory(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    small = repo.commit_and_push(files(shop_mesh()))
    log = open_for_writing(tmp_path / "log")
    attempts = Attempts(tmp_path / "attempt")
    try:
        follower = Follower(GitRepository.open(repo.origin), log, attempts=attempts)
        with little_memory(8):
            found = follower.catch_up()
            assert found is not None
            assert found.state.commit == small
            large = large_commit(repo, 500)
            with pytest.raises(SourceUnavailable) as caught:
                follower.catch_up()
        assert caught.value.reason == "out-of-memory"
        assert large[:7] in caught.value.message
        assert "more memory" in caught.value.hint
        assert follower.state.commit == small
        found = follower.catch_up()
        assert found is not None
        assert found.state.commit == large
        assert len(found.state.resources) == len(shop_mesh()) + 500
    finally:
        log.close()


def test_a_log_without_memory_leaves_the_follower_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo(tmp_path)
    first = repo.commit_and_push(files(shop_mesh()))
    log = open_for_writing(tmp_path / "log")
    attempts = Attempts(tmp_path / "attempt")
    try:
        follower = Follower(GitRepository.open(repo.origin), log, attempts=attempts)
        follower.catch_up()
        second = repo.commit_and_push({"shop/n.yaml": text(a_node("n", 80))})

        def append(*_: object, **__: object) -> None:
            raise LogOutOfMemory("the log")

        monkeypatch.setattr(log, "append", append)
        with pytest.raises(SourceUnavailable, match="not enough memory"):
            follower.catch_up()
        assert follower.state.commit == first
        monkeypatch.undo()
        found = follower.catch_up()
        assert found is not None
        assert found.state.commit == second
        assert found.state.resources == mesh_of(repo.origin)
    finally:
        log.close()


# ---- attempts -----------------------------------------------------------------------------------


def attempt(path: Path, error: BaseException) -> None:
    with Attempts(path).reading(COMMIT, TIP, lambda: False):
        raise error


@pytest.mark.parametrize(
    "error",
    [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory"), LogOutOfMemory("the log")],
)
def test_whatever_says_that_memory_ran_out_counts(tmp_path: Path, error: Exception) -> None:
    for number in (1, 2):
        with pytest.raises(SourceUnavailable, match="not enough memory"):
            attempt(tmp_path / "attempt", error)
        found = read_attempt(tmp_path / "attempt")
        assert found is not None
        assert found.number == number
    with pytest.raises(SourceUnavailable, match="is held back"):
        attempt(tmp_path / "attempt", error)


@pytest.mark.parametrize(
    "error", [SystemError("error return without exception set"), RuntimeError(), RecursionError()]
)
def test_an_error_that_ends_the_process_counts(tmp_path: Path, error: Exception) -> None:
    """A server that is started again would otherwise read such a commit for ever."""
    for _ in range(2):
        with pytest.raises(type(error)):
            attempt(tmp_path / "attempt", error)
    with pytest.raises(SourceUnavailable, match="is held back"):
        attempt(tmp_path / "attempt", error)


@pytest.mark.parametrize(
    "error",
    [
        ObjectMissing("3" * 40),
        LogUnavailable("the disk is full"),
        Fatal("another process writes to the log"),
        OSError(errno.EIO, "Input/output error"),
    ],
)
def test_an_error_for_which_the_commit_is_not_to_blame_does_not_count(
    tmp_path: Path, error: Exception
) -> None:
    for _ in range(3):
        with pytest.raises(type(error)):
            attempt(tmp_path / "attempt", error)
        assert read_attempt(tmp_path / "attempt") is None


class Large:
    """Stands for what a reader has read."""


def test_what_was_read_is_freed_before_the_server_goes_on(tmp_path: Path) -> None:
    """The next commit must find the memory free, and so must the log."""
    found: list[weakref.ref[Large]] = []

    def read() -> None:
        large = Large()
        large.itself = large  # type: ignore[attr-defined]
        found.append(weakref.ref(large))
        raise MemoryError

    gc.disable()
    try:
        with (
            pytest.raises(SourceUnavailable) as caught,
            Attempts(tmp_path / "attempt").reading(COMMIT, TIP, lambda: False),
        ):
            read()
        assert caught.value is not None  # which refers to the error before
        assert found[0]() is None
    finally:
        gc.enable()


def test_a_second_attempt_is_announced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemError):
        attempt(tmp_path / "attempt", SystemError())
    assert caplog.messages == []
    with pytest.raises(SystemError):
        attempt(tmp_path / "attempt", SystemError())
    assert caplog.messages == [
        "reading commit 1111111 once more, after the server ended or ran out of memory"
    ]


def test_sqlite_that_finds_no_memory_for_a_page_is_not_called_a_broken_disk(tmp_path: Path) -> None:
    from events.sqlite.failures import explained

    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_NOMEM
    with pytest.raises(LogOutOfMemory, match="not enough memory"), explained(tmp_path):
        raise error
