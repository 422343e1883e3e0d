"""One writer per file, whatever its path; a failing projection undoes the append."""

import sqlite3
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.sqlite.store import SqliteEventStore
from events.store import EventStore, Head
from events.types import START, Chain, CommitApplied
from mesh.errors import Fatal
from tests.support.histories import facts

APPLIED = CommitApplied(facts(1))


def test_a_second_writer_is_refused_in_clear_words(log: EventStore, path: Path) -> None:
    with pytest.raises(Fatal, match="another process is writing to this event log") as caught:
        open_for_writing(path)
    assert "--log" in caught.value.hint


def test_a_second_writer_is_refused_by_another_name_of_the_file_too(
    log: EventStore, path: Path
) -> None:
    alias = path.with_name("alias.sqlite3")
    alias.symlink_to(path)
    with pytest.raises(Fatal, match="another process is writing"):
        open_for_writing(alias)


def test_a_reader_cannot_write(log: EventStore, path: Path) -> None:
    reader = SqliteEventStore.read_only(path)
    with pytest.raises(Fatal, match="readonly"):
        reader.append(Chain.MESH, [APPLIED], expected=START)
    reader.close()


def test_a_projection_that_fails_takes_the_events_with_it(log: EventStore, path: Path) -> None:
    """A second version of a key that begins at the same position cannot be stored."""
    with sqlite3.connect(path) as other:
        other.execute("INSERT INTO commits VALUES (1, 1, 'c', 't', 'applied')")
    other.close()
    with pytest.raises(Fatal, match="UNIQUE constraint failed: commits"):
        log.append(Chain.MESH, [APPLIED], expected=START)
    assert log.head(Chain.MESH) == Head(START, "")
