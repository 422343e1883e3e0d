"""Use case of ``gitmesh shift status``: shifts in git, and what a server sees of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitmesh.service.shifts.branch import ShiftBranch
from gitmesh.service.shifts.request import named
from gitmesh.service.shifts.status_file import read_status
from gitmesh.shifts.decision import Situation, decide, finished
from gitmesh.shifts.gate import Observation, judged
from gitmesh.shifts.reading import Shift
from gitmesh.shifts.status import ShiftStatus
from gitmesh.shifts.weights import share_of
from mesh.problems.problem import Problem


@dataclass(frozen=True, slots=True)
class Overview:
    """The status of shifts."""

    shifts: Sequence[ShiftStatus]
    problems: Sequence[Problem]
    seen_by_server: frozenset[str]
    """Names of the shifts that a server runs now; the others are told from git alone."""


def overview(
    branch: ShiftBranch, log: Path, name: str | None = None, now: Callable[[], float] = time.time
) -> Overview:
    """Return the status of one shift, or of all, by name.

    :raises UsageError: there is no such shift.
    :raises GitmeshError: the repository cannot be read.
    """
    shifts = branch.tip().shifts
    wanted = [named(branch, name)] if name else list(shifts.shifts.values())
    live = read_status(log, now())
    found, seen = list[ShiftStatus](), set[str]()
    for shift in wanted:
        status = _from_git(branch, shift, now())
        told = live.get(shift.name)
        if told is not None and told[0] == status.progress.last:
            seen.add(shift.name)
            status = ShiftStatus(shift, status.progress, status.weights, told[1], told[2])
        found.append(status)
    return Overview(found, shifts.problems, frozenset(seen))


def _from_git(branch: ShiftBranch, shift: Shift, now: float) -> ShiftStatus:
    progress = branch.progress(shift)
    assert progress is not None  # noqa: S101 -- its document is at the tip
    weights = branch.weights(shift)
    if (end := finished(shift.document, progress)) is not None:
        return ShiftStatus(shift, progress, weights, end)
    results = judged(Observation(shift.document.spec))
    share = min((share_of(each) for each in weights.values()), default=0.0)
    situation = Situation(shift.document, progress, share, now, results)
    return ShiftStatus(shift, progress, weights, decide(situation), results)
