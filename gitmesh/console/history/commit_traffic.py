"""Traffic before and after a commit, for its page."""

from typing import Final

from gitmesh.console.visit import Visit
from gitmesh.service.recent import Recent
from gitmesh.service.traffic.comparison import ComparedTarget, compare
from gitmesh.traffic.statistics import Estimate
from mesh.errors import GitmeshError

WINDOW_S: Final = 600.0
"""Length of the time before, and of the one after."""
_FRESH_S: Final = 10.0
_known: Final[Recent[tuple[ComparedTarget, ...]]] = Recent(32)


def compared_targets(visit: Visit, commit: str) -> tuple[ComparedTarget, ...]:
    """Return the targets with their figures before and after; none if no proxy has reported."""
    now, log = visit.now.timestamp(), visit.served.log_path
    if not visit.caller.permission.reads_all:
        return ()
    return _known.get((log, commit, now // _FRESH_S), lambda: _compared(visit, commit, now))


def is_significant(found: Estimate | None) -> bool:
    """Return whether a difference is beyond chance, with a confidence of 95 %."""
    return found is not None and not found.low <= 0 <= found.high


def _compared(visit: Visit, commit: str, now: float) -> tuple[ComparedTarget, ...]:
    served = visit.served
    try:
        found = compare(served.log_path, commit, WINDOW_S, now, graph=served.meshes.graph())
    except GitmeshError:  # no proxy has reported with it, or the file cannot be read now
        return ()
    return found.targets
