"""Damaged or inaccessible log files: the error names the problem and the remedy."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.sqlite.failures import explained
from events.sqlite.opening import connect, prepare
from events.sqlite.store import SqliteEventStore
from events.store import EventStore, LogReplaced, LogUnavailable
from events.types import START, Chain, CommitApplied, Event, ResourceAdded, Seq
from mesh.errors import Fatal, UsageError
from tests.support.histories import facts
from tests.support.logs import NODE, SHORT_HISTORY, SOME_DELIVERY, fill, outsider, unprotected

APPLIED = CommitApplied(facts(9))


@pytest.fixture
def filled(path: Path) -> Path:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    log.close()
    return path


def open_either_way(path: Path) -> list[Fatal]:
    """Return the refusals of a writer and of a reader."""
    refusals = []
    for way in (open_for_writing, open_for_reading):
        with pytest.raises(Fatal) as caught:
            way(path)
        assert str(path) in caught.value.message
        refusals.append(caught.value)
    return refusals


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("dear diary\n" * 1000)
    for refusal in open_either_way(path):
        assert "not an event log, or it is damaged" in refusal.message
        assert "backup" in refusal.hint
    assert path.read_text() == "dear diary\n" * 1000


def test_a_database_of_somebody_else_is_refused_and_left_alone(path: Path) -> None:
    with outsider(path) as connection:
        connection.execute("CREATE TABLE diary (day TEXT)")
    for refusal in open_either_way(path):
        assert "not an event log" in refusal.message
    with outsider(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("diary",)]


def test_a_truncated_file_is_refused(filled: Path) -> None:
    whole = filled.read_bytes()
    filled.write_bytes(whole[: len(whole) // 3])
    for refusal in open_either_way(filled):
        assert "damaged" in refusal.message
        assert "backup" in refusal.hint


def test_an_empty_file_becomes_a_log_when_a_server_starts(path: Path) -> None:
    path.touch()
    with pytest.raises(Fatal, match="empty, or was written by an older gitmesh") as caught:
        open_for_reading(path)
    assert "gitmesh serve" in caught.value.hint
    log = open_for_writing(path)
    assert log.head(Chain.MESH).seq == START
    log.close()


def test_a_file_of_a_newer_gitmesh_is_refused(filled: Path) -> None:
    with outsider(filled) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('gitmesh', '0099_future', '')"
        )
    for refusal in open_either_way(filled):
        assert "newer gitmesh (0099_future)" in refusal.message
        assert "upgrade" in refusal.hint


def test_a_missing_file_is_made_by_a_writer_and_missed_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "some" / "folder" / "events.sqlite3"
    with pytest.raises(UsageError, match="no event log") as caught:
        open_for_reading(path)
    assert "gitmesh serve" in caught.value.hint
    assert not path.parent.exists()
    open_for_writing(path).close()
    open_for_reading(path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fatal, match="cannot be opened") as caught:
        open_for_writing(tmp_path / "file" / "events.sqlite3")
    assert "--log" in caught.value.hint


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite3"
    path.mkdir()
    with pytest.raises(Fatal, match="unable to open database file"):
        open_for_writing(path)


def test_a_full_disk_loses_nothing_and_the_same_append_succeeds_later(path: Path) -> None:
    """SQLite's own limit on pages gives the very error that a full disk gives."""
    connection = connect(path)
    log = SqliteEventStore(path, connection)
    fill(log, SHORT_HISTORY)
    head, state = log.head(Chain.MESH), log.state()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    added = ResourceAdded(NODE, APPLIED.facts.commit, {"text": "x" * 500}, "web.yaml")
    events: list[Event] = [APPLIED, *([added] * 200)]
    with pytest.raises(LogUnavailable, match="no room") as caught:
        log.append(Chain.MESH, events, expected=head.seq)
    assert "disk space" in caught.value.hint
    assert (log.head(Chain.MESH), log.state()) == (head, state)
    assert log.verify() == []
    connection.execute("PRAGMA max_page_count = 100000")
    assert log.append(Chain.MESH, events, expected=head.seq) == head.seq + 201
    assert log.verify() == []
    log.close()


def test_a_limit_on_the_size_of_files_is_borne_like_a_full_disk(path: Path) -> None:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY)
    head = log.head(Chain.MESH)
    added = ResourceAdded(NODE, APPLIED.facts.commit, {"text": "x" * 500}, "web.yaml")
    events: list[Event] = [APPLIED, *([added] * 1000)]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # As quotas do, this fails single writes: with EFBIG, where a quota has EDQUOT.
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limits[1]))
        with pytest.raises(LogUnavailable, match="the disk does not take") as caught:
            log.append(Chain.MESH, events, expected=head.seq)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "quota" in caught.value.hint
    assert (log.head(Chain.MESH), log.verify()) == (head, [])
    assert log.append(Chain.MESH, events, expected=head.seq) == head.seq + 1001
    assert log.verify() == []
    log.close()


def test_another_holder_of_the_file_delays_an_append_and_nothing_is_lost(path: Path) -> None:
    log = SqliteEventStore(path, connect(path, patience_s=0.05))
    with outsider(path) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LogUnavailable, match="another process holds the event log"):
            log.append(Chain.MESH, [APPLIED], expected=START)
        assert log.head(Chain.MESH).seq == START, "reading goes on meanwhile"
        holder.execute("ROLLBACK")
    assert log.append(Chain.MESH, [APPLIED], expected=START) == 1
    log.close()


def test_a_holder_of_the_file_delays_opening_it(filled: Path) -> None:
    with outsider(filled) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LogUnavailable, match="another process holds the event log"):
            connect(filled, patience_s=0.05)
        holder.execute("ROLLBACK")


UNREADABLE = {
    "no JSON": "UPDATE mesh_events SET data = '{' WHERE seq = 2",
    "JSON of the wrong shape": "UPDATE mesh_events SET data = '{}' WHERE seq = 2",
    "no object": "UPDATE mesh_events SET data = '[]' WHERE seq = 2",
    "an unknown kind": "UPDATE mesh_events SET kind = 'TeapotBrewed' WHERE seq = 2",
    "no text": "UPDATE mesh_events SET data = CAST(x'ff' AS TEXT) WHERE seq = 2",
}


@pytest.mark.parametrize("sql", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_event_that_cannot_be_read_stops_a_replay_with_a_hint(filled: Path, sql: str) -> None:
    with unprotected(filled) as connection:
        connection.execute(sql)
    log = open_for_writing(filled)
    for attempt in (lambda: list(log.replay()), log.rebuild):
        with pytest.raises(Fatal) as caught:
            attempt()
        assert caught.value.hint
    assert log.state().seq == 7, "the projections were not touched"
    assert len(log.verify()) == 2
    log.close()


def test_a_specification_that_cannot_be_read_is_a_damaged_log(filled: Path) -> None:
    with outsider(filled) as connection:
        connection.execute("UPDATE resource_versions SET spec = '{'")
    log = open_for_writing(filled)
    with pytest.raises(Fatal, match="invalid JSON"):
        log.state()
    log.rebuild()
    assert log.state().seq == 7
    log.close()


def test_a_closed_log_says_so(path: Path) -> None:
    log = open_for_writing(path)
    log.close()
    with pytest.raises(Fatal, match="closed"):
        log.head(Chain.MESH)
    with pytest.raises(Fatal, match="closed"):
        log.append(Chain.MESH, [APPLIED], expected=Seq(0))


def test_where_no_write_ahead_log_can_be_kept_no_log_is_kept(path: Path) -> None:
    """SQLite without file locks has no shared memory either, as network file systems have none."""
    connection = sqlite3.connect(f"{path.as_uri()}?vfs=unix-none", uri=True)
    with pytest.raises(Fatal, match="cannot use a write-ahead log here") as caught:
        prepare(path, connection)
    assert "network file system" in caught.value.hint
    connection.close()


def test_a_log_that_is_taken_away_is_waited_for_and_goes_on_when_it_is_back(
    path: Path, tmp_path: Path
) -> None:
    log = open_for_writing(path)
    log.append(Chain.MESH, [APPLIED], expected=START)
    path.rename(tmp_path / "elsewhere.sqlite3")
    with pytest.raises(LogUnavailable, match="the event log is missing"):
        log.append(Chain.MESH, [APPLIED], expected=Seq(1))
    (tmp_path / "elsewhere.sqlite3").rename(path)
    assert log.append(Chain.MESH, [APPLIED], expected=Seq(1)) == 2
    log.close()


def test_another_file_in_the_place_of_the_log_is_noticed_before_the_next_event(
    path: Path, tmp_path: Path
) -> None:
    log = open_for_writing(path)
    log.append(Chain.MESH, [APPLIED], expected=START)
    path.rename(tmp_path / "elsewhere.sqlite3")
    path.touch()
    with pytest.raises(LogReplaced, match="was replaced by another file") as replaced:
        log.append_observed([])
    assert "--log" in replaced.value.hint
    log.close()


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_CANTOPEN]
)
def test_a_disk_that_fails_under_a_log_in_use_may_work_again(path: Path, code: int) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    with pytest.raises(LogUnavailable, match="disk I/O error"), explained(path, in_use=True):
        raise error
    with pytest.raises(Fatal), explained(path):
        raise error


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_backup_where_nothing_may_be_written_can_be_read(filled: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path;"
        "from events.opening import open_for_reading; from events.types import Chain;"
        "open_for_reading(Path(sys.argv[2])).close();"  # loads what the other may not read
        "os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "log = open_for_reading(Path(sys.argv[1]));"
        "print(log.head(Chain.MESH).seq, log.verify())"
    )
    for folder in (filled.parent, *filled.parent.parents):
        if str(folder).startswith(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    filled.chmod(0o644)
    other = Path(shutil.copy(filled, filled.parent / "other.sqlite3"))
    done = subprocess.run(
        [sys.executable, "-c", code, str(filled), str(other)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    log = open_for_writing(filled)
    assert done.stdout == f"{log.head(Chain.MESH).seq} []\n"
    log.close()


def test_an_sqlite_that_is_too_old_is_told(
    path: Path, log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of RHEL 9, by which a Python that is new enough can run, calls the log malformed."""
    log.close()
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    for opening in (open_for_writing, open_for_reading):
        with pytest.raises(Fatal, match=r"SQLite 3\.34\.1 is too old .* needs 3\.37") as caught:
            opening(path)
        assert "gitmesh version" in caught.value.hint
