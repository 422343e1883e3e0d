"""Notes in the spool, a folder that other users can write: each is processed once."""

import contextlib
import os
from pathlib import Path

import pytest

from events.encoding.codec import decode
from events.opening import open_for_writing
from events.store import EventStore
from events.types import Chain, PushReceived
from gitmesh.inbox.push_note import PushNote
from gitmesh.inbox.pusher import Pusher
from gitmesh.inbox.ref_update import Move
from gitmesh.inbox.spool import Spool
from gitmesh.server.push_import import Pushes

NOTE = PushNote.of(Move(None, None, "refs/heads/main"), Pusher("ada", "local", "")).line()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "notes")


def taken(spool: Spool, log: EventStore) -> int:
    """Look for notes three times, as a server does; return how many pushes the log tells of."""
    importing = Pushes(log, spool)
    for _ in range(3):
        with contextlib.suppress(OSError):
            importing.take()
    return sum(isinstance(decode(r), PushReceived) for r in log.read(Chain.DELIVERY))


@pytest.fixture
def log(tmp_path: Path) -> EventStore:
    return open_for_writing(tmp_path / "log.sqlite3")


def test_a_folder_among_the_notes_keeps_none_of_them_from_being_taken(
    spool: Spool, log: EventStore
) -> None:
    """Its name sorts before all others, and it cannot be removed like a file."""
    (spool.folder / "0.json" / "inside").mkdir(parents=True)
    spool.put(NOTE)
    with log as opened:
        assert taken(spool, opened) == 1
    assert spool.take() == []


def test_a_note_that_cannot_be_removed_is_taken_once(
    spool: Spool, log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a folder with a sticky bit, where each may remove only what is theirs."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    spool.put(NOTE)
    with log as opened, monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        patch.setattr(Path, "rename", refused)
        assert taken(spool, opened) == 1


def test_from_a_folder_that_cannot_be_written_nothing_is_taken(
    spool: Spool, log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who pushed before any server was there made it, and may be another user."""
    spool.put(NOTE)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with log as opened:
        assert taken(spool, opened) == 0
        with pytest.raises(PermissionError, match="cannot be removed"):
            spool.take()
