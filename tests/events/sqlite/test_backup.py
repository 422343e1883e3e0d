"""A backup is one consistent moment of the log, even during writes, and works as a log."""

import resource
import threading
from pathlib import Path

import pytest

from events.opening import back_up, open_for_reading, open_for_writing
from events.sqlite.version import has_wal_reset_bug
from events.store import LogUnavailable
from events.types import Chain, ProxyConnected
from mesh.errors import UsageError
from tests.support.logs import (
    SHORT_HISTORY,
    SOME_DELIVERY,
    chain_rows,
    fill,
    projection_rows,
    unprotected,
)

SEEN = ProxyConnected("mesh/shop/virtualNode/web", "127.0.0.2:1#1", "x" * 500)


@pytest.fixture
def filled(path: Path) -> Path:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    log.close()
    return path


def test_a_copy_is_the_same_log_in_one_file(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backups" / "copy.sqlite3"
    copy.parent.mkdir()
    assert back_up(filled, copy) == []
    assert [each.name for each in copy.parent.iterdir()] == ["copy.sqlite3"]
    assert chain_rows(copy) == chain_rows(filled)
    assert projection_rows(copy) == projection_rows(filled)


def test_what_stands_in_the_write_ahead_log_alone_is_copied_too(path: Path, tmp_path: Path) -> None:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY)
    assert Path(f"{path}-wal").stat().st_size > path.stat().st_size
    assert back_up(path, tmp_path / "copy.sqlite3") == []
    assert chain_rows(tmp_path / "copy.sqlite3") == chain_rows(path)
    log.close()


def test_copies_made_while_the_log_grows_are_each_one_moment_of_it(
    path: Path, tmp_path: Path
) -> None:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            log.append_observed([SEEN] * 3)

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"{number}.sqlite3" for number in range(6)]
    try:
        assert [back_up(path, copy) for copy in copies] == [[]] * 6
    finally:
        stop.set()
        writer.join()
    sizes = [len(chain_rows(copy)[Chain.DELIVERY]) for copy in copies]
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0], "nothing was written meanwhile: the test tests nothing"
    assert all(size % 3 == 0 for size in sizes), "half a transaction"
    whole = chain_rows(path)[Chain.DELIVERY]
    assert all(
        chain_rows(c)[Chain.DELIVERY] == whole[:n] for c, n in zip(copies, sizes, strict=True)
    )
    log.close()


def test_a_copy_is_restored_and_written_to_again(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    back_up(filled, copy)
    before = open_for_reading(filled)
    log = open_for_writing(copy)
    assert [log.head(chain) for chain in Chain] == [before.head(chain) for chain in Chain]
    before.close()
    assert log.append_observed([SEEN]) == len(SOME_DELIVERY) + 1
    assert log.verify() == []
    log.close()


def test_a_damaged_log_is_copied_and_told(filled: Path, tmp_path: Path) -> None:
    with unprotected(filled) as connection:
        connection.execute("UPDATE mesh_events SET actor = 'Mallory' WHERE seq = 1")
    (found,) = back_up(filled, tmp_path / "copy.sqlite3")
    assert found == "mesh chain: event 1 (CommitApplied) is not what was written"
    assert (tmp_path / "copy.sqlite3").exists()


def test_nothing_is_overwritten(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite3").write_text("dear diary")
    with pytest.raises(UsageError, match="exists already"):
        back_up(filled, tmp_path / "copy.sqlite3")
    with pytest.raises(UsageError, match="there is no folder"):
        back_up(filled, tmp_path / "nowhere" / "copy.sqlite3")
    assert (tmp_path / "copy.sqlite3").read_text() == "dear diary"


def test_where_there_is_no_room_nothing_is_left_behind(filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "copy.sqlite3"
    target.parent.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
        with pytest.raises(LogUnavailable):
            back_up(filled, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(target.parent.iterdir()) == []
    assert back_up(filled, target) == []


VERSIONS = {
    (3, 6, 23): False,
    (3, 7, 0): True,
    (3, 40, 1): True,
    (3, 44, 5): True,
    (3, 44, 6): False,
    (3, 45, 0): True,
    (3, 50, 6): True,
    (3, 50, 7): False,
    (3, 51, 2): True,
    (3, 51, 3): False,
    (3, 53, 0): False,
}


@pytest.mark.parametrize(("version", "affected"), VERSIONS.items(), ids=map(str, VERSIONS))
def test_the_wal_reset_bug_is_known_by_version(
    version: tuple[int, int, int], affected: bool
) -> None:
    assert has_wal_reset_bug(version) is affected
