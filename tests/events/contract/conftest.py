"""A log in each kind of store."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from events.opening import EventLocation, open_for_writing
from events.store import EventStore
from tests.support.clock import Clock

NewLocation = Callable[[], EventLocation]
"""Returns a place at which no log is yet."""


def in_folder(folder: Path) -> NewLocation:
    """Return places for SQLite files."""
    numbers = itertools.count(1)
    return lambda: folder / f"{next(numbers)}.sqlite3"


STORES: Mapping[str, Callable[[Path], NewLocation]] = {"sqlite": in_folder}


@pytest.fixture(params=STORES)
def new_location(request: pytest.FixtureRequest, tmp_path: Path) -> NewLocation:
    return STORES[request.param](tmp_path)


@pytest.fixture
def location(new_location: NewLocation) -> EventLocation:
    return new_location()


@pytest.fixture
def log(location: EventLocation, clock: Clock) -> Iterator[EventStore]:
    with open_for_writing(location, now=clock) as opened:
        yield opened
