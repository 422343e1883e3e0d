"""Verification: what is proven of the log, when, and who asked?"""

from gitmesh.console import paths
from gitmesh.console.visit import Answer, PageError, Redirect, View, Visit


def verification(visit: Visit) -> Answer:
    """Return what the newest verification has proven."""
    found = visit.verifications.newest
    values = {"paths": paths, "found": found, "is_running": visit.verifications.is_running}
    return View("history/verification.html", values)


def verify(visit: Visit) -> Answer:
    """Verify the log now."""
    if not visit.verifications.verify(visit.caller.person.name):
        raise PageError(
            429,
            visit.words._("The log is being verified for somebody else."),
            visit.words._("Look again in a moment."),
        )
    return Redirect("/verification")
