"""The limit of file descriptors of a process, and the message when they are exhausted."""

import errno
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from events.descriptors import RESERVE, room_for_connections, room_for_http, shortage
from events.opening import open_for_reading, open_for_writing
from events.store import LogUnavailable
from tests.support.descriptors import limited, no_descriptors

RAISED = "from events.descriptors import raise_limit; print(raise_limit({}))"


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "found"),
    [(256, 1000, 500, 500), (256, 400, 500, 400), (600, 1000, 500, 600), (300, 300, 500, 300)],
)
def test_the_soft_limit_is_raised_as_far_as_is_wanted_and_allowed(
    soft: int, hard: int, wanted: int, found: int
) -> None:
    command = [*limited(soft, hard), sys.executable, "-c", RAISED.format(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) == found


def test_a_reserve_is_kept_from_connections_and_a_small_limit_keeps_some_for_them() -> None:
    assert room_for_connections(20_000) < 20_000 - RESERVE
    assert room_for_connections(20_000) > 19_000
    assert room_for_connections(1) == 1


def test_an_http_server_gets_at_most_an_eighth() -> None:
    assert room_for_http(20_000) == 512
    assert room_for_http(1_024) == 128


def test_a_shortage_is_told_by_the_error_or_by_the_system() -> None:
    assert shortage() == ""
    assert shortage(KeyError("no such ref")) == ""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = f"all {limit} files that gitmesh may have open at once are open"
    assert shortage(OSError(errno.EMFILE, "Too many open files")) == told
    assert shortage(ValueError("could not open 'x': Too many open files")) == told
    assert "this machine" in shortage(OSError(errno.ENFILE, "Too many open files in system"))
    with no_descriptors():
        assert "may have open at once" in shortage(KeyError("no such ref"))


def test_a_log_that_cannot_be_opened_for_want_of_descriptors_is_neither_damaged_nor_gone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.sqlite3"
    open_for_writing(path).close()
    with no_descriptors(), pytest.raises(LogUnavailable, match="may have open at once"):
        open_for_reading(path)
    with open_for_reading(path) as log:
        assert log.verify() == []
