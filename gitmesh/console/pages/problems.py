"""Problems: what is wrong, and what is the next step?"""

from typing import Final

from gitmesh.console.visit import Answer, View, Visit
from gitmesh.service.diagnosis import Diagnosis, diagnose
from gitmesh.service.recent import Recent

_FRESH_S: Final = 5.0
_found: Final[Recent[Diagnosis]] = Recent(8)


def problems(visit: Visit) -> Answer:
    """Return what ``gitmesh doctor`` finds, looked for at most every five seconds."""
    served, now = visit.served, visit.now
    place = served.log_path, visit.words.code, now.timestamp() // _FRESH_S
    found = _found.get(
        place,
        lambda: diagnose(
            served.log_path, served.repo, now, words=visit.words, meshes=served.meshes.graph
        ),
    )
    return View("problems.html", {"found": found, "minutes": round(found.window_s / 60)})
