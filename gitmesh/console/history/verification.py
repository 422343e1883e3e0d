"""Verification: what is proven of the log, when, and who asked?"""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from events.clock import utc_now
from events.opening import open_for_reading
from gitmesh.audit.verification import Verdict
from gitmesh.console import paths
from gitmesh.console.visit import Answer, PageError, Redirect, View, Visit
from gitmesh.service.audit.log_verification import Evidence, verify_log
from gitmesh.service.served import Served


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification that somebody asked for."""

    verdict: Verdict
    at: datetime
    took_s: float
    by: str


class Verifications:
    """The newest verification of each log since the server started; one runs at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._newest: dict[str, Verified] = {}

    def newest(self, served: Served) -> Verified | None:
        """Return the newest verification; ``None`` if there was none since the server started."""
        return self._newest.get(str(served.log_path))

    @property
    def is_running(self) -> bool:
        """True while one runs."""
        return self._turn.locked()

    def verify(self, served: Served, by: str) -> bool:
        """Verify the log against git and its checkpoints; false if another one runs."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            began = utc_now()
            with open_for_reading(served.log_path) as log:
                verdict = verify_log(log, Evidence(served.repo, served.branch))
            at = utc_now()
            found = Verified(verdict, at, (at - began).total_seconds(), by)
            self._newest[str(served.log_path)] = found
        finally:
            self._turn.release()
        return True


_VERIFICATIONS: Final = Verifications()


def verification(visit: Visit) -> Answer:
    """Return what the newest verification has proven."""
    found = _VERIFICATIONS.newest(visit.served)
    values = {"paths": paths, "found": found, "is_running": _VERIFICATIONS.is_running}
    return View("history/verification.html", values)


def verify(visit: Visit) -> Answer:
    """Verify the log now."""
    if not _VERIFICATIONS.verify(visit.served, visit.caller.person.name):
        raise PageError(
            429,
            visit.words._("The log is being verified for somebody else."),
            visit.words._("Look again in a moment."),
        )
    return Redirect("/verification")
