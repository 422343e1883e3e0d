"""Threads that wait for commits in the log."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from events.store import EventReader
from events.types import Chain, CommitId
from gitmesh.service.resources.log_wait import LogWait


class Log:
    """A log that gains commits, and counts how often it is looked at."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.looks = 0

    def head(self, chain: Chain) -> "Log":
        self.looks += 1
        return self

    @property
    def seq(self) -> int:
        return len(self.commits)

    def is_logged(self, commit: CommitId) -> bool:
        return commit in self.commits


def wait_for(log: Log) -> LogWait:
    found: EventReader = log  # type: ignore[assignment]
    return LogWait(found)


def test_each_waits_for_its_own_commit_and_one_looks_for_all() -> None:
    log = Log()
    waiting = wait_for(log)
    names = [CommitId(str(number)) for number in range(30)]
    with ThreadPoolExecutor(len(names)) as threads:
        began = time.monotonic()
        found = [threads.submit(waiting.until_logged, name, 30.0) for name in names]
        for name in names:
            time.sleep(0.01)
            log.commits.append(name)
        assert all(each.result() for each in found)
        took = time.monotonic() - began
    # One that looks every 2 ms; each of the thirty would look as often by itself.
    assert log.looks <= 2 * took / 0.002 + len(names)


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
        time.sleep(0.01)
    threads[0].join()
    assert results == {"never": False}
    log.commits.append("late")
    threads[1].join(10)
    assert results == {"never": False, "late": True}
