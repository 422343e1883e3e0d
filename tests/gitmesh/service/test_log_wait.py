"""Threads that wait for commits in the log."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from events.logged_commits import LoggedCommits
from events.store import EventReader
from events.types import CommitId, Seq
from gitmesh.service.resources import log_wait
from gitmesh.service.resources.log_wait import LogWait


class Log:
    """A log that gains commits, and counts how often it is looked at."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.looks = 0
        self.logged = LoggedCommits()

    def is_logged(self, commit: CommitId) -> bool:
        self.looks += 1
        return commit in self.commits

    def add(self, name: str) -> None:
        self.logged.begin_append()
        self.commits.append(name)
        self.logged.reached(Seq(len(self.commits)), [CommitId(name)])


def wait_for(log: Log) -> LogWait:
    found: EventReader = log  # type: ignore[assignment]
    return LogWait(found, log.logged)


def test_each_waits_for_its_own_commit_and_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_wait, "_LOOK_EVERY_S", 30.0)
    log = Log()
    waiting = wait_for(log)
    names = [str(number) for number in range(30)]
    with ThreadPoolExecutor(len(names)) as threads:
        found = [threads.submit(waiting.until_logged, CommitId(name), 30.0) for name in names]
        while log.looks < len(names):
            time.sleep(0.001)
        for name in names:
            log.add(name)
        assert all(each.result() for each in found)
    assert log.looks == len(names)


def test_a_commit_that_the_log_has_is_not_waited_for() -> None:
    log = Log()
    log.add("there")
    assert wait_for(log).until_logged(CommitId("there"), 0.0)


def test_a_commit_that_nobody_told_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_wait, "_LOOK_EVERY_S", 0.01)
    log = Log()
    thread = threading.Timer(0.02, lambda: log.commits.append("silent"))
    thread.start()
    assert wait_for(log).until_logged(CommitId("silent"), 30.0)
    thread.join()


def test_who_waits_in_vain_is_told_and_the_others_go_on() -> None:
    log = Log()
    waiting = wait_for(log)
    results: dict[str, bool] = {}

    def wait(name: str, within_s: float) -> None:
        results[name] = waiting.until_logged(CommitId(name), within_s)

    threads = [
        threading.Thread(target=wait, args=("never", 0.05)),
        threading.Thread(target=wait, args=("late", 30.0)),
    ]
    for thread in threads:
        thread.start()
    threads[0].join()
    assert results == {"never": False}
    log.add("late")
    threads[1].join(10)
    assert results == {"never": False, "late": True}
