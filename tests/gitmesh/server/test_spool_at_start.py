"""Notes that wait in the spool when a server starts apply to its first publication."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.latest import Latest
from events.opening import open_for_reading, open_for_writing
from events.publication import Publication
from events.sqlite.store import SqliteEventStore
from events.types import (
    START,
    Chain,
    CommitId,
    DeliveryEvent,
    Event,
    PushReceived,
    Seq,
    ServerStarted,
    ServingPinned,
    ServingReleased,
)
from gitmesh.inbox.pin_note import PinNote
from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.pusher import Pusher, user_name
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.spool import pins, pushes
from gitmesh.queries.log_location import log_path
from gitmesh.queries.pins import until_text
from gitmesh.queries.timespec import moment_seq
from gitmesh.server.pinning import Pinning
from mesh.errors import Retryable
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from tests.support.git import Repo, put
from tests.support.raw_client import RawClient
from tests.support.sample_shop import ENTRANCE
from tests.support.server import Server
from tests.support.shop_client import follow_everything, weights
from tests.support.shop_client import shop as shop_at
from xds.type_urls import ROUTE

ME = user_name(os.getuid())


class Stopped:
    """A shop of three commits that no server follows now: shares of 0, 10 and 20 percent."""

    def __init__(self, folder: Path) -> None:
        self.bare = Repo(folder).origin
        self.log = log_path(self.bare)
        self.commits: list[CommitId] = []
        with open_for_writing(self.log) as log:
            follower = Follower(GitRepository.open(self.bare), log)
            for minute in range(3):
                put(self.bare, shop_at(10 * minute), minute=minute)
                follower.catch_up()
                assert follower.state.commit is not None
                self.commits.append(follower.state.commit)

    def observe(self, *events: DeliveryEvent) -> None:
        with open_for_writing(self.log) as log:
            log.append_observed(events)

    def pin_event(self, at: int, lasts: timedelta) -> ServingPinned:
        with open_for_reading(self.log) as log:
            seq = moment_seq(log, self.commits[at], datetime.now(UTC))
        until = until_text(datetime.now(UTC) + lasts)
        return ServingPinned(self.commits[at], Seq(seq), "ada", "INC-7", until)

    def ask(self, at: int | None, lasts: timedelta = timedelta(hours=1)) -> None:
        commit = None if at is None else self.commits[at]
        until = None if at is None else datetime.now(UTC) + lasts
        pins(self.log).put(PinNote(commit=commit, until=until, reason="INC-8").line())

    def served_first(self, *options: str) -> tuple[object, list[int | None], list[Event]]:
        """Return what a server says to be ready with, what a proxy gets first, and its events."""
        before = self.head()
        with Server(self.bare, *options) as server:
            commit = server.wait_for("ready")["commit"]
            with RawClient(server.address, ENTRANCE) as client:
                found = weights(follow_everything(client)[ROUTE])
            assert server.stop() == 0
        return commit, found, self.events(before)

    def handed_on(self) -> list[CommitId | None]:
        """Return all that is handed to whoever serves, until no note waits and a moment longer."""
        found = Told()
        asyncio.run(self._hand_on(found))
        return found.commits

    async def _hand_on(self, found: "Told") -> None:
        published = Latest[Publication]()
        with open_for_writing(self.log) as log:
            published.set(Publication(log.state()))
            pinning = Pinning(log, pins(self.log), published, found)
            task = asyncio.create_task(pinning.run())
            async with asyncio.timeout(60):
                await found.after(0)
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait([task])

    def events(self, after: Seq = START) -> list[Event]:
        with open_for_reading(self.log) as log:
            return [decode(r) for r in log.read(Chain.DELIVERY, after=after)]

    def head(self) -> Seq:
        with open_for_reading(self.log) as log:
            return log.head(Chain.DELIVERY).seq


class Told(Latest[Publication]):
    """Remembers every publication, not the newest alone."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[CommitId | None] = []

    def set(self, value: Publication) -> None:
        self.commits.append(value.state.commit)
        super().set(value)


@pytest.fixture
def stopped(tmp_path: Path) -> Stopped:
    return Stopped(tmp_path)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_server_is_ready_with_what_the_notes_come_to(stopped: Stopped, workers: str) -> None:
    stopped.observe(stopped.pin_event(0, timedelta(hours=1)))
    stopped.ask(None)
    commit, found, events = stopped.served_first("--workers", workers)
    assert (commit, found) == (stopped.commits[2], [80, 20])
    assert ServingReleased(stopped.commits[0], "released", ME, "INC-8") in events
    stopped.ask(1)
    commit, found, _ = stopped.served_first("--workers", workers)
    assert (commit, found) == (stopped.commits[1], [90, 10])


def test_a_pin_that_was_released_meanwhile_is_not_served_first(stopped: Stopped) -> None:
    stopped.observe(stopped.pin_event(0, timedelta(hours=1)))
    stopped.ask(None)
    assert stopped.handed_on() == [stopped.commits[2]]


def test_a_pin_that_was_asked_for_meanwhile_is_served_first(stopped: Stopped) -> None:
    stopped.ask(1)
    assert stopped.handed_on() == [stopped.commits[1]]


def test_of_many_pins_and_releases_only_what_they_come_to_is_served(stopped: Stopped) -> None:
    """There are more of them than are read at once."""
    stopped.observe(stopped.pin_event(0, timedelta(hours=1)))
    for _ in range(60):
        stopped.ask(2)
        stopped.ask(None)
    stopped.ask(0, timedelta(seconds=-5))
    stopped.ask(1)
    assert stopped.handed_on() == [stopped.commits[1]]


def test_a_pin_whose_time_is_over_has_expired_before_anything_else_is_asked(
    stopped: Stopped,
) -> None:
    stopped.observe(stopped.pin_event(0, timedelta(seconds=-5)))
    stopped.ask(None)
    assert stopped.handed_on() == [stopped.commits[2]]
    ended = [event for event in stopped.events() if isinstance(event, ServingReleased)]
    assert ended == [ServingReleased(stopped.commits[0], "expired", "", "")]


def test_a_pin_that_cannot_be_ended_now_is_served_rather_than_nothing(
    stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not in the log does not happen, and on a full disk nothing gets there."""

    def full(*_: object) -> None:
        raise Retryable("no room")

    stopped.observe(stopped.pin_event(0, timedelta(seconds=-5)))
    monkeypatch.setattr(SqliteEventStore, "append_observed", full)
    assert stopped.handed_on() == [stopped.commits[0]]


def test_pushes_that_wait_are_told_before_anything_is_served(stopped: Stopped) -> None:
    for number in range(150):
        move = Move(stopped.commits[1], stopped.commits[2], f"refs/heads/main{number}")
        pushes(stopped.log).put(PushNote.of(move, Pusher("ada", "local", "")).line())
    _, _, events = stopped.served_first()
    kinds = [type(event) for event in events]
    assert kinds.count(PushReceived) == 150
    last = max(at for at, kind in enumerate(kinds) if kind is PushReceived)
    assert last < kinds.index(ServerStarted)
