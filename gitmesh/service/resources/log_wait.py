"""Waiting until the log has a commit."""

import time
from typing import Final

from events.logged_commits import LoggedCommits
from events.store import EventReader
from events.types import CommitId

_LOOK_EVERY_S: Final = 0.25
"""Interval of reads of the log, which find commits that were not announced."""


class LogWait:
    """Waits for commits that another part of the server logs. Thread-safe."""

    def __init__(self, log: EventReader, logged: LoggedCommits) -> None:
        self._log = log
        self._logged = logged

    def until_logged(self, commit: CommitId, within_s: float) -> bool:
        """Wait until the log has a commit; return false at the timeout."""
        deadline = time.monotonic() + within_s
        with self._logged.expecting(commit) as announced:
            while not announced.is_set() and not self._log.is_logged(commit):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                announced.wait(min(left, _LOOK_EVERY_S))
        return True
