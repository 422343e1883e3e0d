"""More notes than may wait: a server reads a bounded number of them, and says so in sum."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.latest import Latest
from events.opening import open_for_reading, open_for_writing
from events.publication import Publication
from events.types import Chain, ServingPinned, ServingReleased
from gitmesh.inbox import waiting_notes
from gitmesh.inbox.pin_note import PinNote
from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.pusher import Pusher
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.spool import MOST_WAITING, Spool, pins, pushes
from gitmesh.inbox.waiting_notes import fair_share
from gitmesh.server import pinning
from gitmesh.server.note_warnings import TELL_EVERY_S
from gitmesh.server.push_import import PUSHES_PER_S, Pushes, RefusedPushes
from tests.gitmesh.server.test_spool_at_start import ME, Stopped, Told

PUSH = PushNote.of(Move(None, None, "refs/heads/main"), Pusher("ada", "local", "")).line()


def flood(folder: Path, count: int, text: Callable[[int], bytes], start: int = 0) -> None:
    """Leave notes as a program does that does not ask whether there is room."""
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(start, start + count):
        (folder / f"{at:020d}-flood.json").write_bytes(text(at))


def warnings(caplog: pytest.LogCaptureFixture, words: str) -> list[dict[str, object]]:
    return [vars(each) for each in caplog.records if words in each.getMessage()]


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 30))
def test_each_user_keeps_an_equal_share_of_the_newest(owners: list[int], most: int) -> None:
    names = [f"{at:04}.json" for at in range(len(owners))]
    of = {f"/notes/{name}": owner for name, owner in zip(names, owners, strict=True)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting_notes, "_owner", of.__getitem__)
        kept, surplus = fair_share(Path("/notes"), names, most)
    assert sorted([*kept, *(name for each in surplus.values() for name in each)]) == names
    assert len(kept) == min(most, len(names))
    counts = Counter(of[f"/notes/{name}"] for name in kept)
    for uid, gone in surplus.items():
        assert all(
            name < min((n for n in kept if owner_of(n, owners) == uid), default="~")
            for name in gone
        ), "the newest are kept"
        assert all(counts[uid] + 1 >= other for other in counts.values()), "nobody has much more"


def owner_of(name: str, owners: list[int]) -> int:
    return owners[int(name.removesuffix(".json"))]


def test_a_full_folder_is_listed_once_and_what_is_too_much_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = 0

    def counted(folder: Path, suffix: str, most: int) -> list[str]:
        nonlocal listed
        listed += 1
        return waiting_notes.names_in(folder, suffix, most)

    spool = Spool(tmp_path / "notes")
    flood(spool.folder, 3 * MOST_WAITING, lambda at: b"%d" % at)
    monkeypatch.setattr("gitmesh.inbox.spool.names_in", counted)
    taken: list[bytes] = []
    while any(spool.folder.iterdir()):
        notes = spool.take()
        taken += [note.text for note in notes]
        spool.drop_all(notes)
    assert taken == [b"%d" % at for at in range(2 * MOST_WAITING, 3 * MOST_WAITING)]
    assert spool.discarded == {os.getuid(): 2 * MOST_WAITING}
    assert list(spool.folder.iterdir()) == []
    assert listed <= 2


def test_what_is_too_much_is_removed_little_by_little_and_new_notes_do_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmesh.inbox.spool.REMOVE_FOR_S", 0.0)
    monkeypatch.setattr("gitmesh.inbox.spool._LIST_EVERY_S", 0.0)
    spool = Spool(tmp_path / "notes", most_waiting=10)
    flood(spool.folder, 50, lambda at: b"%d" % at)
    taken: list[bytes] = []
    for _ in range(3):
        notes = spool.take()
        taken += [note.text for note in notes]
        spool.drop_all(notes)
    new = spool.folder / f"{99:020d}-new.json"
    new.write_bytes(b"new")
    (note,) = spool.take()
    assert (taken, note.text) == ([b"%d" % at for at in range(40, 50)], b"new")
    assert spool.discarded == {os.getuid(): 40}
    assert len(list(spool.folder.iterdir())) == 41
    monkeypatch.setattr("gitmesh.inbox.spool.REMOVE_FOR_S", 60.0)
    spool.take()
    assert list(spool.folder.iterdir()) == [new]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all that is too much at one look."""
    monkeypatch.setattr("gitmesh.inbox.spool.REMOVE_FOR_S", 60.0)


def test_a_note_that_is_taken_back_is_none(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "notes")
    flood(spool.folder, 2, lambda at: b"%d" % at)
    first, second = spool.take()
    first.path.unlink()
    assert spool.take() == [second]


@pytest.fixture
def stopped(tmp_path: Path) -> Stopped:
    return Stopped(tmp_path)


def pin_changes(stopped: Stopped) -> list[object]:
    return [e for e in stopped.events() if isinstance(e, ServingPinned | ServingReleased)]


def asks(stopped: Stopped, at: int) -> bytes:
    until = datetime.now(UTC) + timedelta(hours=1)
    return PinNote(commit=stopped.commits[at], until=until, reason="flood").line()


@pytest.mark.usefixtures("quick")
def test_of_a_flood_of_pins_the_newest_is_served_first_and_few_are_events(
    stopped: Stopped, caplog: pytest.LogCaptureFixture
) -> None:
    flood(pins(stopped.log).folder, 2 * MOST_WAITING, lambda at: asks(stopped, at % 2))
    flood(pins(stopped.log).folder, 1, lambda _: asks(stopped, 2), start=2 * MOST_WAITING)
    assert stopped.handed_on() == [stopped.commits[2]]
    changes = pin_changes(stopped)
    assert len(changes) == 2 * (pinning.PINS_AT_ONCE + 1) - 1
    (told,) = warnings(caplog, "came too fast; only the newest counts")
    assert (told["count"], told["by"]) == (MOST_WAITING - pinning.PINS_AT_ONCE - 1, ME)
    (told,) = warnings(caplog, "too many notes of pins waited")
    assert (told["count"], told["most_by"]) == (MOST_WAITING + 1, ME)
    assert list(pins(stopped.log).folder.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_a_flood_of_what_is_no_pin_does_not_keep_the_newest_from_being_heeded(
    stopped: Stopped, caplog: pytest.LogCaptureFixture
) -> None:
    flood(pins(stopped.log).folder, 1, lambda _: asks(stopped, 1), start=5 * MOST_WAITING)
    flood(pins(stopped.log).folder, 3 * MOST_WAITING, lambda _: b"{}")
    assert stopped.handed_on() == [stopped.commits[1]]
    (told,) = warnings(caplog, "notes of pins are invalid")
    assert told["count"] == MOST_WAITING - 1
    assert len(caplog.records) < 10


def test_a_pin_that_came_too_fast_is_made_when_it_may(
    stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinning, "PINS_PER_S", 5.0)
    monkeypatch.setattr(pinning, "PINS_AT_ONCE", 1)

    async def scenario() -> None:
        found, published = Told(), Latest[Publication]()
        with open_for_writing(stopped.log) as log:
            published.set(Publication(log.state()))
            task = asyncio.create_task(
                pinning.Pinning(log, pins(stopped.log), published, found).run()
            )
            await found.after(0)
            for at in (0, 1, 0, 1):
                stopped.ask(at)
                await asyncio.sleep(0.02)
            async with asyncio.timeout(30):
                while found.commits[-1] != stopped.commits[1]:
                    await found.after(found.version)
            task.cancel()
            await asyncio.wait([task])
        assert found.commits[0] == stopped.commits[2]
        assert stopped.commits[0] in found.commits

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_pushes_are_imported_at_a_rate(stopped: Stopped, caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    spool = pushes(stopped.log)
    flood(spool.folder, 3 * MOST_WAITING, lambda at: PUSH if at % 2 else b"{}")
    with open_for_writing(stopped.log) as log:
        before = log.head(Chain.DELIVERY).seq
        importing = Pushes(log, spool, lambda: now)
        importing.take_waiting()
        assert log.head(Chain.DELIVERY).seq - before == MOST_WAITING // 2
        flood(spool.folder, MOST_WAITING, lambda _: PUSH)
        importing.take_waiting()
        assert log.head(Chain.DELIVERY).seq - before == MOST_WAITING, "its budget is used up"
        now = 10.0
        importing.take_waiting()
        assert log.head(Chain.DELIVERY).seq - before == MOST_WAITING + 10 * PUSHES_PER_S
        assert len(list(spool.folder.iterdir())) == MOST_WAITING // 2 - 10
    (told,) = warnings(caplog, "too many notes of pushes waited")
    assert told["count"] == 2 * MOST_WAITING
    (told,) = warnings(caplog, "notes of pushes are invalid")
    assert told["count"] == 50, "at first, and the others a minute later"


def test_notes_that_are_none_are_told_once_a_minute(
    stopped: Stopped, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    spool = Spool(stopped.log.with_name("notes"))
    with open_for_reading(stopped.log) as log:
        taking = RefusedPushes(log, spool, lambda: now)  # type: ignore[arg-type]
        for _ in range(120):
            flood(spool.folder, 5, lambda _: b"{}")
            taking.take()
            now += 1
    assert caplog.records[0].levelno == logging.WARNING
    counts = [each["count"] for each in warnings(caplog, "notes of refused pushes are invalid")]
    assert counts == [5, 5 * int(TELL_EVERY_S)]
