"""The traffic of the last minute, for pages that show it again and again."""

from pathlib import Path
from typing import Final

from gitmesh.service.recent import Recent
from gitmesh.service.traffic.reported import NOTHING, WRITTEN_WITHIN_S
from gitmesh.traffic.file import opened_for_reading, traffic_path
from gitmesh.traffic.reading import Traffic
from gitmesh.traffic.sums import WIDTHS
from mesh.errors import Retryable

WINDOW_S: Final = 60.0
_FRESH_S: Final = 5.0

_read: Final[Recent[tuple[Traffic, float]]] = Recent(8)


def lately(log: Path, now_s: float) -> tuple[Traffic, float]:
    """Return what proxies reported in the last minute, and the seconds in which it was kept.

    It is read at most every five seconds. If it cannot be read now, there is none.
    """
    return _read.get((log, now_s // _FRESH_S), lambda: _lately(log, now_s))


def _lately(log: Path, now_s: float) -> tuple[Traffic, float]:
    until = (now_s - WRITTEN_WITHIN_S) // WIDTHS[0] * WIDTHS[0]  # in whole slots
    if not traffic_path(log).exists():
        return NOTHING, 0.0
    try:
        with opened_for_reading(log) as file:
            found = file.read(until - WINDOW_S, until)
    except Retryable:
        return NOTHING, 0.0
    missing = sum(gap.to_s - gap.from_s for gap in found.gaps)
    return found, max(0.0, found.covered.to_s - found.covered.from_s - missing)
