"""Evidence about the present step of one shift, collected window by window."""

import math
from dataclasses import dataclass
from typing import Final

from events.types import CommitId
from gitmesh.shifts.evidence import NO_TRAFFIC, Evidence, WindowPair
from gitmesh.shifts.gate import Observation
from gitmesh.shifts.progress import Progress
from gitmesh.shifts.reading import Shift
from mesh.keys import Kind, ResourceKey

_MOST_WINDOWS: Final = 720
"""Maximum number of windows that are read at once, after a restart: two hours."""


@dataclass(slots=True)
class Watch:
    """The observation of one shift. It is lost with the process, and then begins anew."""

    seen: Observation
    origin: CommitId
    last: CommitId
    at: float
    """Start of the next window, in seconds since 1970."""
    held: bool = False

    def collect(self, shift: Shift, evidence: Evidence, now: float) -> None:
        """Add the windows whose reports are complete."""
        complete = now - evidence.delay_s
        length = evidence.window_s
        self.at = math.ceil(self.at / length) * length
        missed = int((complete - self.at) // length) - _MOST_WINDOWS
        self.at += max(0, missed) * length
        while self.at + length <= complete:
            end = self.at + length
            pair = _pair(shift, evidence, self.at, end)
            self.at = end
            if pair is not None:
                self.seen = self.seen.after(pair)

    def pause(self, now: float) -> None:
        """Leave out everything up to now: traffic does not follow the weights of the step."""
        self.at = max(self.at, now)


def watch_of(known: Watch | None, shift: Shift, progress: Progress, settle_s: float) -> Watch:
    """Return the watch of a shift: the known one, one for the next step, or a new one.

    :param settle_s: time after a step before its traffic counts: proxies must have the weights.
    """
    start = progress.moved_at + settle_s
    if known is None or known.origin != progress.origin:
        return Watch(Observation(shift.document.spec), progress.origin, progress.last, start)
    if known.last != progress.last:
        known.seen, known.last, known.at = known.seen.at_next_step(), progress.last, start
    return known


def _pair(shift: Shift, evidence: Evidence, since: float, until: float) -> WindowPair | None:
    mesh, spec = shift.document.mesh_name, shift.document.spec
    canary, baseline = (
        evidence.traffic(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name), since, until)
        for name in (spec.to, spec.from_)
    )
    if canary is None and baseline is None:
        return None
    return WindowPair(canary or NO_TRAFFIC, baseline or NO_TRAFFIC)
