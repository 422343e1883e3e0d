"""Counts of requests in windows of time."""

import threading

import pytest
from limits.storage import memory

from gitmesh.api.web import rate_limit
from gitmesh.api.web.rate_limit import WindowCounts


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (rate_limit, memory):
        monkeypatch.setattr(module, "time", found)
    return found


def test_a_count_begins_anew_when_its_window_ends(clock: Clock) -> None:
    counts = WindowCounts()
    assert [counts.incr("ada", 1) for _ in range(3)] == [1, 2, 3]
    assert counts.incr("bob", 1, 2) == 2
    assert counts.get_expiry("ada") == 1_001.0
    clock.now += 0.9
    assert counts.incr("ada", 1) == 4
    clock.now += 0.1
    assert counts.get("ada") == 0
    assert counts.incr("ada", 1) == 1
    counts.clear("ada")
    assert counts.get("ada") == 0
    assert counts.check()
    assert counts.reset() == 1


def test_counts_of_earlier_windows_are_dropped(clock: Clock) -> None:
    counts = WindowCounts()
    for number in range(3_000):
        counts.incr(str(number), 1)
        clock.now += 0.01
    assert (counts.reset() or 0) <= 1_124


def test_counting_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = WindowCounts()
    counts.timer.join()  # the library's own, once
    monkeypatch.setattr(threading.Thread, "start", pytest.fail)
    assert [counts.incr("ada", 1) for _ in range(3)] == [1, 2, 3]
