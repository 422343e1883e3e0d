"""Verifications of the log that people asked a running server for."""

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from events.clock import utc_now
from events.opening import open_for_reading
from gitmesh.audit.verification import Verdict
from gitmesh.service.audit.log_verification import Evidence, verify_log


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification that somebody asked for."""

    verdict: Verdict
    at: datetime
    took_s: float
    by: str


class Verifications:
    """Verifications of a log since the server started; one runs at a time. Threads may share it."""

    def __init__(self, log: Path, evidence: Evidence) -> None:
        self._log = log
        self._evidence = evidence
        self._turn = threading.Lock()
        self.newest: Verified | None = None
        """The newest verification; ``None`` if there was none since the server started."""

    @property
    def is_running(self) -> bool:
        """True while one runs."""
        return self._turn.locked()

    def verify(self, by: str) -> bool:
        """Verify the log against git and its checkpoints; false if another one runs."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            began = utc_now()
            with open_for_reading(self._log) as log:
                verdict = verify_log(log, self._evidence)
            at = utc_now()
            self.newest = Verified(verdict, at, (at - began).total_seconds(), by)
        finally:
            self._turn.release()
        return True
