"""Overview: is everything as the repository says?"""

from gitmesh.console.visit import View, Visit
from gitmesh.service.delivery.status import awaited_status


def overview(visit: Visit) -> View:
    """Return the state of the newest commit, and what is not as it says."""
    served = visit.served
    status = None
    if served.log.newest_commit() is not None:
        status = awaited_status(served.repo, served.log_path, None)
    return View("overview.html", {"status": status})
