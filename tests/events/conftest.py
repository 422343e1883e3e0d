"""A log in an empty folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.sqlite.store import EventLog
from tests.support.clock import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(path: Path, clock: Clock) -> Iterator[EventLog]:
    opened = EventLog.open(path, now=clock)
    yield opened
    opened.close()
