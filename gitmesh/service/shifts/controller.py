"""The controller of shifts: reads git and evidence, decides, and makes one commit a step.

Its only state is in git. Evidence in memory is lost with the process: then a step waits longer.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from events.types import CommitId
from gitmesh.service.changes.planned_commit import Authorship
from gitmesh.service.resources.change import InvalidChange, NotLoggedYet, ResourceChanges
from gitmesh.service.resources.group_commit import Change
from gitmesh.service.served import COMMITTER
from gitmesh.service.shifts.branch import ShiftBranch, Tip
from gitmesh.service.shifts.commits import Outdated, guarded, undone, wanted
from gitmesh.service.shifts.watch import Watch, watch_of
from gitmesh.shifts.decision import Do, Situation, decide, finished
from gitmesh.shifts.evidence import Evidence
from gitmesh.shifts.gate import judged
from gitmesh.shifts.message import message
from gitmesh.shifts.progress import Progress
from gitmesh.shifts.reading import Shift
from gitmesh.shifts.status import ShiftStatus
from gitmesh.shifts.weights import share_of
from mesh.errors import GitmeshError
from reconciler.git.writing import Person

_log = logging.getLogger(__name__)

AUTHOR: Final = Person("gitmesh shift", "gitmesh@localhost")
"""Author of the commits that the controller makes."""
_ACTS: Final = (Do.STEP, Do.PROMOTE, Do.HOLD, Do.ABORT, Do.SUPERSEDE)


class ShiftController:
    """Makes the steps of all shifts on one branch. Call it from one thread at a time."""

    def __init__(
        self,
        repo: Path,
        branch: str | None,
        changes: ResourceChanges,
        evidence: Evidence | None = None,
        pinned: Callable[[], str] = lambda: "",
        now: Callable[[], float] = time.time,
    ) -> None:
        """Make steps on a branch.

        :param pinned: returns the reason of a pin; empty if there is none.
        """
        self._branch = ShiftBranch(repo, branch)
        self._changes = changes
        self._evidence = evidence
        self._pinned = pinned
        self._now = now
        self._watches: dict[str, Watch] = {}
        self._told: dict[str, str] = {}

    def look(self) -> Sequence[ShiftStatus]:
        """Decide about each shift, make the commits that are due, and return the status of all.

        :raises GitmeshError: the repository cannot be read.
        """
        shifts = self._branch.tip().shifts
        self._tell_once("", "; ".join(map(str, shifts.problems)), "a shift cannot be read")
        # Each commit moves the tip, so each shift is looked up anew.
        found = [self._step(name) for name in shifts.shifts]
        return [each for each in found if each is not None]

    def _step(self, name: str) -> ShiftStatus | None:
        tip = self._branch.tip()
        shift = tip.shifts.shifts.get(name)
        progress = None if shift is None else self._branch.progress(shift)
        if shift is None or progress is None:
            return None
        status = self._decided(shift, progress)
        if status.action.do in _ACTS:
            return self._acted(tip, status)
        return status

    def _decided(self, shift: Shift, progress: Progress) -> ShiftStatus:
        weights = self._branch.weights(shift)
        if (end := finished(shift.document, progress)) is not None:
            self._watches.pop(shift.name, None)
            return ShiftStatus(shift, progress, weights, end)
        pinned, now = self._pinned(), self._now()
        watch = self._watched(shift, progress, pinned, now)
        seen = watch.seen
        results = judged(seen)
        situation = Situation(
            shift.document,
            progress,
            min((share_of(each) for each in weights.values()), default=0.0),
            now,
            results,
            seen.canary.requests,
            self._branch.changed_by(shift, progress.last) if weights else CommitId(""),
            pinned,
        )
        requests = seen.canary.requests, seen.baseline.requests
        return ShiftStatus(shift, progress, weights, decide(situation), results, requests)

    def _watched(self, shift: Shift, progress: Progress, pinned: str, now: float) -> Watch:
        settle = 0.0 if self._evidence is None else self._evidence.settle_s
        known = self._watches.get(shift.name)
        if known is not None and known.held and shift.document.hold is None:
            known = None  # somebody has resumed it nonetheless
        watch = self._watches[shift.name] = watch_of(known, shift, progress, settle)
        watch.held = shift.document.hold is not None
        if self._evidence is None or not progress.share:
            return watch
        if pinned:
            watch.pause(now + settle)
        else:
            watch.collect(shift, self._evidence, now)
        return watch

    def _acted(self, tip: Tip, status: ShiftStatus) -> ShiftStatus:
        """Make the commit of an action; return the status after it."""
        shift, action = status.shift, status.action
        try:
            made = self._made(tip, status)
        except Outdated:
            return status  # decided anew at the next look
        except InvalidChange as error:
            words = "; ".join(str(each) for each in error.problems[:3])
            return self._failed(status, f"the mesh would be invalid: {words}")
        except GitmeshError as error:
            return self._failed(status, error.message)
        self._told.pop(shift.name, None)
        level = logging.WARNING if action.do in (Do.ABORT, Do.HOLD) else logging.INFO
        extra: dict[str, object]
        extra = {"shift": shift.name, "commit": made[:7], "reason": action.reason}
        if action.do in (Do.STEP, Do.PROMOTE):
            extra = {"shift": shift.name, "commit": made[:7], "percent": action.share}
        _log.log(level, _WORDS[action.do], extra=extra)
        return status

    def _made(self, tip: Tip, status: ShiftStatus) -> CommitId:
        shift, action, progress = status.shift, status.action, status.progress
        at_start = self._branch.graph(progress.origin)
        plan = wanted(self._branch, tip, shift, action, at_start)
        text = message(
            shift,
            action,
            progress,
            status.results,
            status.requests if progress.share else None,
            undone(self._branch, shift, action, progress.origin),
            ("Via: shift",),
        )
        change = Change(
            guarded(self._branch, tip, plan),
            text,
            Authorship(AUTHOR, COMMITTER),
            command="gitmesh shift",
        )
        try:
            return self._changes.make(change) or tip.commit
        except NotLoggedYet:
            return self._branch.tip().commit

    def _failed(self, status: ShiftStatus, error: str) -> ShiftStatus:
        self._tell_once(status.shift.name, error, "a shift cannot go on")
        return replace(status, error=error)

    def _tell_once(self, name: str, error: str, words: str) -> None:
        if error and self._told.get(name) != error:
            _log.warning("%s: %s", words, error, extra={"shift": name} if name else None)
        self._told[name] = error


_WORDS: Final = {
    Do.STEP: "shift: step",
    Do.PROMOTE: "shift: promoted",
    Do.HOLD: "shift: held",
    Do.ABORT: "shift: ABORTED",
    Do.SUPERSEDE: "shift: superseded",
}
