"""Catching up with the branch: bounded publication delay, and collisions with other writers."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.sqlite.store import SqliteEventStore
from events.store import EventStore, LogUnavailable
from events.types import Chain, CommitId, Event, Seq, SourceDegraded, SourceRecovered
from mesh.errors import Fatal
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.loop import reconcile
from reconciler.reading.source import ObjectId, ObjectMissing
from tests.reconciler.following import QUICK, Recorder, events, mesh_of, story
from tests.support.git import Repo
from tests.support.meshes import a_node, shop_mesh
from tests.support.specs import files, text


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path)
    repo.commit_and_push(files(shop_mesh()))
    return repo


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventStore]:
    log = open_for_writing(tmp_path / "log.db")
    yield log
    log.close()


def another(repo: Repo, n: int) -> str:
    return repo.commit_and_push({"n.yaml": text(a_node("n", n))})


class Busy(GitRepository):
    """Someone pushes each time that the branch is looked at."""

    push: Callable[[], object] = staticmethod(lambda: None)

    def tip(self, branch: str | None = None) -> CommitId:
        found = super().tip(branch)
        self.push()
        return found


def test_newer_commits_come_first_while_there_is_time(repo: Repo, log: EventStore) -> None:
    busy = Busy.open(repo.origin)
    pushes = iter(range(1, 6))
    busy.push = lambda: next((another(repo, n) for n in pushes), None)
    found = Follower(busy, log).catch_up(within_s=60)
    assert found is not None
    assert found.state.tip == repo.head()
    assert len(story(log)) == 6


def test_under_pushes_without_end_something_is_published(repo: Repo, log: EventStore) -> None:
    busy = Busy.open(repo.origin)
    busy.push = lambda: another(repo, len(events(log)) + 1)
    follower = Follower(busy, log)
    for _ in range(3):
        found = follower.catch_up(within_s=0)
        assert found is not None
        assert found.state.resources == mesh_of(repo.origin, found.state.tip)


def test_nothing_is_published_when_nothing_moved(repo: Repo, log: EventStore) -> None:
    follower = Follower(GitRepository.open(repo.origin), log)
    assert follower.catch_up() is not None
    assert follower.catch_up() is None
    assert follower.catch_up() is None


def test_what_another_writer_logged_is_taken_as_it_is(repo: Repo, log: EventStore) -> None:
    one = Follower(GitRepository.open(repo.origin), log)
    other = Follower(GitRepository.open(repo.origin), log)
    one.catch_up()
    other.catch_up()
    another(repo, 1)
    one.catch_up()
    found = other.catch_up()
    assert found is not None
    assert found.state == one.state
    another(repo, 2)
    other.catch_up()
    assert len(story(log)) == 3
    assert log.verify() == []


def test_a_log_that_never_stands_still_is_fatal(repo: Repo, log: EventStore) -> None:
    class Contended(GitRepository):
        def facts(self, commit: CommitId) -> object:  # type: ignore[override]
            rival.catch_up()
            return super().facts(commit)

    rival = Follower(GitRepository.open(repo.origin), log)
    follower = Follower(Contended.open(repo.origin), log)
    found = follower.catch_up()
    assert found is not None  # once beaten, it agrees with who was first

    class Backwards(GitRepository):
        def facts(self, commit: CommitId) -> object:  # type: ignore[override]
            log.append(Chain.MESH, events(log)[:1], expected=log.head(Chain.MESH).seq)
            return super().facts(commit)

    another(repo, 1)
    with pytest.raises(Fatal, match="another process"):
        Follower(Backwards.open(repo.origin), log).catch_up()


def test_told_to_stop_it_stops_between_two_commits(repo: Repo, log: EventStore) -> None:
    for n in range(1, 5):
        another(repo, n)
    follower = Follower(GitRepository.open(repo.origin), log, stopping=lambda: len(story(log)) >= 2)
    assert follower.catch_up() is None
    assert len(story(log)) == 2
    assert Follower(GitRepository.open(repo.origin), log).catch_up() is not None
    assert len(story(log)) == 5


def test_long_histories_tell_their_progress(repo: Repo, log: EventStore) -> None:
    for n in range(1, 120):
        repo.commit({"n.yaml": text(a_node("n", n))})
    repo.push()
    told: list[tuple[str, int, int]] = []
    git = GitRepository.open(repo.origin)
    Follower(git, log, progress=lambda *at: told.append(at)).catch_up()
    assert told == [("reading history", 0, 120), ("reading history", 100, 120)]


def test_a_commit_whose_objects_are_missing_is_waited_for(repo: Repo, log: EventStore) -> None:
    class Partial(GitRepository):
        missing = True

        def read_blob(self, blob: ObjectId) -> bytes:
            if self.missing:
                raise ObjectMissing(blob)
            return super().read_blob(blob)

    git = Partial.open(repo.origin)
    follower = Follower(git, log)
    with pytest.raises(ObjectMissing):
        follower.catch_up()
    assert events(log) == []
    git.missing = False
    assert follower.catch_up() is not None


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it does not come to hold")


def test_a_full_disk_is_survived(repo: Repo, tmp_path: Path) -> None:
    class Full(SqliteEventStore):
        full = True

        def append(self, chain: Chain, events: Sequence[Event], *, expected: Seq) -> Seq:
            if self.full:
                raise LogUnavailable("no room")
            return super().append(chain, events, expected=expected)

        def append_observed(self, events: object) -> Seq:
            if self.full:
                raise LogUnavailable("no room")
            return super().append_observed(events)  # type: ignore[arg-type]

    async def steps() -> None:
        log = Full.open(tmp_path / "full.db")
        latest = Recorder()
        git = GitRepository.open(repo.origin)
        task = asyncio.create_task(reconcile(git, log, latest, pace=QUICK))
        # What is known is published when the log was found to take nothing.
        await _until(lambda: bool(latest.tips))
        assert not task.done()
        log.full = False
        await _until(
            lambda: latest.tips[-1] == repo.head() and len(events(log, Chain.DELIVERY)) == 2
        )
        degraded, recovered = events(log, Chain.DELIVERY)
        assert degraded == SourceDegraded("log-unavailable", "no room")
        assert recovered == SourceRecovered("log-unavailable")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        log.close()

    asyncio.run(steps())


def test_a_commit_object_too_large_to_load_is_logged_like_any_other(
    repo: Repo, log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.git.object_store.MAX_COMMIT_BYTES", 4096)
    follower = Follower(GitRepository.open(repo.origin), log)
    follower.catch_up()
    huge = repo.commit_and_push({"n.yaml": text(a_node("n", 1))}, "x" * 100_000)
    last = another(repo, 2)
    found = follower.catch_up()
    assert found is not None
    assert found.state.commit == last
    assert [line.split()[1] for line in story(log)][-2:] == [huge, last]


def test_a_commit_that_could_not_be_logged_at_once_keeps_the_time_at_which_it_was_seen(
    repo: Repo, log: EventStore, tmp_path: Path
) -> None:
    class Full(SqliteEventStore):
        full = False

        def append(self, chain: Chain, events: Sequence[Event], *, expected: Seq) -> Seq:
            if self.full:
                raise LogUnavailable("no room")
            return super().append(chain, events, expected=expected)

    full = Full.open(tmp_path / "full.db")
    follower = Follower(GitRepository.open(repo.origin), full)
    follower.catch_up()
    full.full = True
    another(repo, 1)
    before = time.time_ns()
    with pytest.raises(LogUnavailable):
        follower.catch_up()
    pushed_by = time.time_ns()
    time.sleep(0.05)
    full.full = False
    found = follower.catch_up()
    full.close()
    assert found is not None
    assert found.seen_ns is not None
    assert before <= found.seen_ns <= pushed_by


def test_a_log_that_takes_nothing_is_told_at_once_with_what_to_do(
    repo: Repo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(SqliteEventStore):
        def append(self, chain: Chain, events: Sequence[Event], *, expected: Seq) -> Seq:
            raise LogUnavailable("no room", hint="free some")

    async def steps() -> None:
        log = Full.open(tmp_path / "full.db")
        git = GitRepository.open(repo.origin)
        task = asyncio.create_task(reconcile(git, log, Recorder(), pace=QUICK))
        await asyncio.sleep(0.5)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        log.close()

    with caplog.at_level("WARNING"):
        asyncio.run(steps())
    (record,) = caplog.records
    assert vars(record)["why"] == "no room; free some"


def test_work_that_fails_while_the_server_stops_is_no_news(
    repo: Repo, log: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    looked = threading.Event()

    class Gone(GitRepository):
        def tip(self, branch: str | None = None) -> CommitId:
            looked.set()
            time.sleep(0.2)
            raise ObjectMissing("0" * 40)

    async def steps() -> None:
        git = Gone.open(repo.origin)
        task = asyncio.create_task(reconcile(git, log, Recorder(), pace=QUICK))
        await asyncio.to_thread(looked.wait)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        gc.collect()

    asyncio.run(steps())
    assert [record.getMessage() for record in caplog.records] == []
