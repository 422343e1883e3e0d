"""Pinning of a running server: what is served and logged, and recovery from failures."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.latest import Latest
from events.opening import open_for_writing
from events.publication import Publication
from events.store import EventStore
from events.types import Cause, Chain, CommitId, DeliveryEvent, ServingPinned, ServingReleased
from gitmesh.inbox.pin_note import PinNote
from gitmesh.inbox.pusher import user_name
from gitmesh.inbox.spool import Note, Spool, pins
from gitmesh.queries.log_location import log_path
from gitmesh.server import pinning
from gitmesh.server.pinning import Pinning, requested_by
from mesh.errors import Retryable
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.clock import Clock
from tests.support.git import Repo, put
from tests.support.shop_client import shop as shop_at

ME = user_name(os.getuid())
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE_S = 20.0
BEHIND = "a newer commit is not served until the PIN ends"
CANNOT = "cannot change the pin yet: no room"


class Served(Latest[Publication]):
    """Remembers every publication that is served."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Publication] = []

    def set(self, value: Publication) -> None:
        self.all.append(value)
        super().set(value)


class Running:
    """A log of three commits, and the pinning that serves it."""

    def __init__(self, log: EventStore, spool: Spool, commits: list[CommitId]) -> None:
        self.log = log
        self.spool = spool
        self.commits = commits
        self.clock = Clock()
        self.clock.time = NOON
        self.published = Latest[Publication]()
        self.served = Served()

    def publication(self, at: int) -> Publication:
        seq = self.log.seq_of_commit(self.commits[at])
        assert seq is not None
        return Publication(self.log.state(seq), moved_ns=at, seen_ns=at, planned_ns=at)

    def publish(self, at: int) -> Publication:
        publication = self.publication(at)
        self.published.set(publication)
        return publication

    def ask(self, at: int | None, lasts: timedelta = HOUR, reason: str = "INC-7") -> None:
        commit = None if at is None else self.commits[at]
        until = None if at is None else self.clock() + lasts
        self.spool.put(PinNote(commit=commit, until=until, reason=reason).line())

    def pin_event(self, at: int, until: str, by: str = ME) -> ServingPinned:
        seq = self.log.seq_of_commit(self.commits[at])
        assert seq is not None
        return ServingPinned(self.commits[at], seq, by, "INC-7", until)

    def released(self, at: int, why: str, by: str = ME, reason: str = "INC-7") -> ServingReleased:
        return ServingReleased(self.commits[at], why, by, reason)

    def events(self) -> list[object]:
        found = [decode(record) for record in self.log.read(Chain.DELIVERY)]
        return [each for each in found if isinstance(each, ServingPinned | ServingReleased)]

    @property
    def shown(self) -> list[CommitId | None]:
        return [publication.state.commit for publication in self.served.all]

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        task = asyncio.create_task(
            Pinning(self.log, self.spool, self.published, self.served, self.clock).run()
        )
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def serves(self, *commits: int) -> Publication:
        """Wait until exactly these commits have been served; return the last publication."""
        wanted = [self.commits[at] for at in commits]
        async with asyncio.timeout(PATIENCE_S):
            while len(self.served.all) < len(wanted):
                await self.served.after(self.served.version)
        assert self.shown == wanted
        return self.served.all[-1]

    async def warns(self, caplog: pytest.LogCaptureFixture) -> None:
        """Wait until something could not be done."""
        deadline = time.monotonic() + PATIENCE_S
        while not warned(caplog, CANNOT):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)

    async def reads_all(self) -> None:
        """Wait until every note has been processed, and a moment longer."""
        deadline = time.monotonic() + PATIENCE_S
        while waiting := self.spool.take():
            assert time.monotonic() < deadline, f"{len(waiting)} notes wait"
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[CommitId]]:
    """Return a log of a shop with three commits."""
    bare = Repo(tmp_path_factory.mktemp("shop")).origin
    with open_for_writing(log_path(bare)) as log:
        follower = Follower(GitRepository.open(bare), log)
        commits = []
        for minute in range(3):
            commits.append(CommitId(put(bare, shop_at(10 * minute), minute=minute)))
            follower.catch_up()
    return log_path(bare), commits


@pytest.fixture
def running(
    repository: tuple[Path, list[CommitId]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Running:
    source, commits = repository
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    monkeypatch.setattr(pinning, "LOOK_EVERY_S", 0.01)
    return Running(open_for_writing(path), pins(path), commits)


@pytest.fixture(autouse=True)
def _closed(running: Running) -> object:
    yield
    running.log.close()


def warned(caplog: pytest.LogCaptureFixture, message: str) -> list[logging.LogRecord]:
    return [each for each in caplog.records if each.getMessage() == message]


def test_a_pin_is_served_until_it_is_released(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps() -> None:
        async with running.started():
            first = running.publish(1)
            assert await running.serves(1) is first, "without a pin, publications pass unchanged"
            running.ask(0)
            pinned = await running.serves(1, 0)
            assert pinned.cause is Cause.PIN
            assert pinned.moved_ns is not None
            assert pinned.moved_ns == pinned.seen_ns == pinned.planned_ns
            running.publish(1)
            await running.reads_all()
            assert not warned(caplog, BEHIND), "the commit is the one that was there before"
            running.publish(2)
            await running.reads_all()
            (behind,) = warned(caplog, BEHIND)
            assert vars(behind)["commit"] == running.commits[0][:7]
            running.ask(None, reason="over")
            released = await running.serves(1, 0, 2)
            assert released.cause is Cause.RELEASE
            assert released.moved_ns is not None
            assert released.touched is None
            last = running.publish(1)
            assert await running.serves(1, 0, 2, 1) is last
        assert running.events() == [
            running.pin_event(0, "2026-11-25T13:00:00Z"),
            running.released(0, "released", reason="over"),
        ]

    asyncio.run(steps())


def test_only_this_user_may_pin_in_the_name_of_others() -> None:
    asked = PinNote(commit="a" * 40, until=NOON, by="Ada <ada@shop.example>")
    assert requested_by(Note(Path("n"), os.getuid(), b""), asked) == "Ada <ada@shop.example>"
    assert requested_by(Note(Path("n"), 54_321, b""), asked) == "uid 54321"
    assert requested_by(Note(Path("n"), os.getuid(), b""), PinNote(commit=None)) == ME
    assert b"by" not in PinNote(commit=None).line()


def test_a_pin_expires_at_its_time(running: Running) -> None:
    async def steps() -> None:
        async with running.started():
            running.publish(2)
            await running.serves(2)
            running.ask(0)
            await running.serves(2, 0)
            running.clock.move(minutes=59, seconds=59)
            await running.reads_all()
            await running.serves(2, 0)
            running.clock.move(seconds=1)
            await running.serves(2, 0, 2)
        assert running.events()[1:] == [running.released(0, "expired", by="", reason="")]

    asyncio.run(steps())


def test_a_pin_replaces_another(running: Running) -> None:
    async def steps() -> None:
        async with running.started():
            running.publish(2)
            await running.serves(2)
            running.ask(0)
            await running.serves(2, 0)
            running.ask(1)
            await running.serves(2, 0, 1)
        until = "2026-11-25T13:00:00Z"
        first, second = running.pin_event(0, until), running.pin_event(1, until)
        assert running.events() == [first, running.released(0, "replaced"), second]

    asyncio.run(steps())


def test_a_pin_lasts_a_week_at_most(running: Running) -> None:
    async def steps() -> None:
        async with running.started():
            running.ask(0, timedelta(days=8))
            await running.serves(0)
        assert running.events() == [running.pin_event(0, "2026-12-02T12:00:00Z")]

    asyncio.run(steps())


def test_notes_that_pin_nothing_change_nothing(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps() -> None:
        async with running.started():
            running.publish(2)
            await running.serves(2)
            invalid = running.spool.put(b"{}")
            running.ask(0, timedelta(0))
            running.ask(None)
            running.spool.put(PinNote(commit="f" * 40, until=running.clock() + HOUR).line())
            await running.reads_all()
        assert running.shown == [running.commits[2]]
        assert running.events() == []
        (unread,) = warned(caplog, "notes of pins are invalid; they were removed")
        assert (vars(unread)["count"], vars(unread)["file"]) == (1, str(invalid))
        (over,) = warned(caplog, "a pin expired before the server read it")
        (unknown,) = (r for r in caplog.records if r.getMessage().startswith("cannot pin: "))
        assert vars(over)["by"] == vars(unknown)["by"] == ME
        assert not running.spool.take()

    asyncio.run(steps())


def test_a_pin_of_an_earlier_server_is_served_first(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps() -> None:
        running.log.append_observed([running.pin_event(0, "2026-11-25T13:00:00Z", by="ada")])
        async with running.started():
            pinned = await running.serves(0)
            assert (pinned.cause, pinned.moved_ns) == (Cause.PIN, None)
            (line,) = warned(caplog, "serving is PINNED")
            facts = {name: vars(line)[name] for name in ("commit", "until", "by", "reason")}
            assert facts == {
                "commit": running.commits[0][:7],
                "until": "2026-11-25T13:00:00Z",
                "by": "ada",
                "reason": "INC-7",
            }
            running.ask(None)
            await running.reads_all()
            assert running.shown == [running.commits[0]], "no branch has been published yet"
            running.publish(2)
            await running.serves(0, 2)
            assert not warned(caplog, BEHIND)

    asyncio.run(steps())


def test_a_pin_that_cannot_be_ended_at_the_start_is_served_and_the_cause_is_logged(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Retryable("no room")

    monkeypatch.setattr(pinning, "LOOK_EVERY_S", 60.0)

    async def steps() -> None:
        running.log.append_observed([running.pin_event(0, "2026-11-25T12:00:00Z")])
        monkeypatch.setattr(running.log, "append_observed", full)
        async with running.started():
            await running.serves(0)
            assert warned(caplog, CANNOT), "it is logged before anything is served"

    asyncio.run(steps())


def test_a_pinned_mesh_shares_equal_resources_with_what_was_served(running: Running) -> None:
    async def steps() -> None:
        async with running.started():
            before = running.publish(2).state.resources
            await running.serves(2)
            running.ask(0)
            after = (await running.serves(2, 0)).state.resources
        assert after == running.log.state(running.pin_event(0, "").mesh_seq).resources
        assert [key for key in after if after[key] is before.get(key)] == [
            key for key in after if after[key] == before.get(key)
        ]
        assert after != before

    asyncio.run(steps())


def test_what_the_log_does_not_take_is_not_served_until_it_does(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(events: list[DeliveryEvent]) -> None:
        if any(isinstance(each, ServingReleased) for each in events):
            raise Retryable("no room")
        append(events)

    append = running.log.append_observed
    monkeypatch.setattr(running.log, "append_observed", full)

    async def steps() -> None:
        async with running.started():
            running.publish(2)
            await running.serves(2)
            running.ask(0)
            running.ask(1)
            await running.serves(2, 0)
            await asyncio.sleep(0.05)
            tries = len(warned(caplog, CANNOT))
            assert tries > 0
            await asyncio.sleep(0.5)
            assert len(warned(caplog, CANNOT)) - tries <= 7, "it waits longer after a failure"
            assert len(running.spool.take()) == 1, "the note that could not be logged stays"
            assert running.shown == [running.commits[2], running.commits[0]]
            monkeypatch.setattr(running.log, "append_observed", append)
            await running.serves(2, 0, 1)

    asyncio.run(steps())


def unreadable(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no mesh be read, though it could be when the pin was checked."""

    def fail(*_: object) -> None:
        raise Retryable("no room")

    monkeypatch.setattr(pinning, "pinnable", lambda log, commit: log.seq_of_commit(commit))
    monkeypatch.setattr(running.log, "state", fail)


def test_a_pin_whose_mesh_cannot_be_read_now_is_served_when_it_can(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps() -> None:
        async with running.started():
            running.publish(2)
            await running.serves(2)
            with monkeypatch.context() as patch:
                unreadable(running, patch)
                running.ask(0)
                await running.warns(caplog)
                assert running.shown == [running.commits[2]]
            assert (await running.serves(2, 0)).cause is Cause.PIN

    asyncio.run(steps())


def test_a_pin_that_was_there_at_the_start_is_served_when_its_mesh_can_be_read(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps() -> None:
        running.log.append_observed([running.pin_event(0, "2026-11-25T13:00:00Z")])
        newest = running.publish(2)
        with monkeypatch.context() as patch:
            unreadable(running, patch)
            async with running.started():
                await running.warns(caplog)
                assert running.shown == [], "the branch is not what is to be served"
                patch.undo()
                await running.serves(0)
                running.ask(None)
                assert (await running.serves(0, 2)).state is newest.state

    asyncio.run(steps())


def test_the_branch_that_moved_behind_a_pin_that_was_never_served_is_served_after_it(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps() -> None:
        async with running.started():
            running.publish(1)
            await running.serves(1)
            newest = running.publication(2)
            unreadable(running, monkeypatch)
            running.ask(0)
            await running.warns(caplog)
            running.published.set(newest)
            await asyncio.sleep(0.05)
            running.ask(None)
            assert (await running.serves(1, 2)).cause is Cause.RELEASE

    asyncio.run(steps())


def test_a_server_looks_for_notes_several_times_a_second_and_not_more(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    looks = 0
    take = Spool.take

    def counted(spool: Spool, most: int = 100) -> object:
        nonlocal looks
        looks += 1
        return take(spool, most)

    monkeypatch.setattr(Spool, "take", counted)

    async def steps() -> None:
        async with running.started():
            await asyncio.sleep(1)
        assert 3 <= looks <= 12

    asyncio.run(steps())
