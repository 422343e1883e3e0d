"""A log in an empty folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.opening import open_for_writing
from events.store import EventReader
from tests.support.clock import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(path: Path, clock: Clock) -> Iterator[EventReader]:
    opened = open_for_writing(path, now=clock)
    yield opened
    opened.close()
