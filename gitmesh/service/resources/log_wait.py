"""Waiting until the log has a commit."""

import time
from typing import Final

from events.logged_commits import LoggedCommits
from events.store import EventReader
from events.types import CommitId

_LOOK_EVERY_S: Final = 0.25
"""Whoever appends to the log tells who waits; a look now and then finds what was not told."""


class LogWait:
    """Waits for commits that another part of the server logs. Thread-safe."""

    def __init__(self, log: EventReader, news: LoggedCommits) -> None:
        self._log = log
        self._news = news

    def until_logged(self, commit: CommitId, within_s: float) -> bool:
        """Wait until the log has a commit; return false at the timeout."""
        deadline = time.monotonic() + within_s
        with self._news.expecting(commit) as told:
            while not told.is_set() and not self._log.is_logged(commit):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                told.wait(min(left, _LOOK_EVERY_S))
        return True
