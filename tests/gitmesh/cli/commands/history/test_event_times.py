"""A clock that was wrong: told by `verify`, by `status` and by the server."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events.opening import open_for_reading, open_for_writing
from events.types import (
    CLOCK_BEHIND,
    Chain,
    ServerStarted,
    SourceDegraded,
    SourceRecovered,
)
from gitmesh.audit.event_times import MANY, clock_notes
from gitmesh.rendering.narration import narrate
from reconciler.health import Health, newest_time
from tests.reconciler.following import following
from tests.support.command_line import gitmesh
from tests.support.git import Repo
from tests.support.meshes import shop_mesh
from tests.support.specs import files

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


def record(path: Path, times: Sequence[datetime]) -> None:
    """Record a start of a server at each of these times."""
    clock = iter(times)
    with open_for_writing(path, now=lambda: next(clock)) as log:
        for _ in times:
            log.append_observed([ServerStarted("1")])


def notes(path: Path) -> list[str]:
    with open_for_reading(path) as log:
        return clock_notes(log, NOW)


def test_a_clock_that_was_right_is_not_told(tmp_path: Path) -> None:
    record(tmp_path / "log", [NOW - timedelta(seconds=at) for at in range(50, 0, -1)])
    assert notes(tmp_path / "log") == []


def test_a_clock_that_is_set_back_a_little_is_not_told(tmp_path: Path) -> None:
    record(tmp_path / "log", [NOW + timedelta(seconds=30), *[NOW] * (MANY - 1)])
    assert notes(tmp_path / "log") == []


def test_events_of_a_time_to_come_are_told(tmp_path: Path) -> None:
    record(tmp_path / "log", [NOW, NOW + YEAR, NOW])
    assert notes(tmp_path / "log") == [
        "delivery chain: events from position 2 on are of a time to come, up to "
        "2027-11-30T12:00:00.000001Z: the clock was ahead, or is behind now"
    ]


def test_a_clock_that_was_ahead_long_ago_is_told_by_what_came_after_it(tmp_path: Path) -> None:
    record(tmp_path / "log", [NOW - 2 * YEAR, NOW - YEAR, *[NOW - 2 * YEAR] * MANY, NOW])
    assert notes(tmp_path / "log") == [
        f"delivery chain: the times of {MANY} transactions from position 3 on are not true: the "
        "clock was behind the event before"
    ]


def test_verify_and_status_tell_it(tmp_path: Path) -> None:
    repo, path = Repo(tmp_path), tmp_path / "log.db"
    tip = repo.commit_and_push(files(shop_mesh()))
    now = datetime.now(UTC)
    record(path, [now + timedelta(days=3)])

    async def steps() -> None:
        async with following(repo.origin, path) as at:
            await at.until(tip)
            await at.true(lambda: bool(at.log.fleet().degraded()))

    asyncio.run(steps())
    options = ["--repo", repo.origin, "--log", path]
    assert "the clock is behind the event log, whose newest event is of" in (
        gitmesh("status", *options).out
    )
    assert "are of a time to come" in gitmesh("verify", repo.origin, "--log", path).out


@pytest.mark.parametrize("off", [timedelta(0), timedelta(seconds=59)])
def test_a_clock_that_is_right_is_no_obstacle(off: timedelta) -> None:
    health = Health()
    health.clock(NOW + off, NOW)
    health.clock(None, NOW)
    assert health.take() == []


def test_a_clock_that_is_behind_is_one_event_until_it_is_no_longer() -> None:
    health = Health()
    for second in range(3):
        health.clock(NOW + YEAR, NOW + timedelta(seconds=second))
    (begun,) = health.take()
    assert isinstance(begun, SourceDegraded)
    assert begun.reason == CLOCK_BEHIND
    assert narrate(begun).startswith(
        "the clock is behind the event log, whose newest event is of 2027-11-30T12:00:00Z"
    )
    health.clock(NOW + YEAR, NOW + YEAR)
    assert health.take() == [SourceRecovered(CLOCK_BEHIND)]


def test_the_newest_time_is_that_of_any_chain(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with open_for_writing(path) as log:
        assert newest_time(log) is None
    record(path, [NOW])
    with open_for_reading(path) as log:
        assert log.head(Chain.MESH).seq == 0
        assert newest_time(log) == NOW
