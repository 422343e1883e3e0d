"""Shapes of shifts: the answers of ``gitmesh shift``."""

from datetime import UTC, datetime
from typing import TypedDict

from gitmesh.json_shapes.problems import ProblemShape, problem_shapes
from gitmesh.service.shifts.overview import Overview
from gitmesh.service.shifts.request import ShiftChange
from gitmesh.shifts.status import ShiftStatus
from gitmesh.shifts.weights import steps_of


class ShiftChangeShape(TypedDict):
    """Answer of the commands that change a shift."""

    name: str
    commit: str | None
    problems: list[ProblemShape]


class GateShape(TypedDict):
    """The verdict of one gate: pass, fail, or not enough evidence."""

    gate: str
    verdict: str
    figures: str


class NextShape(TypedDict):
    """What happens next; ``until`` is when a wait ends by itself."""

    action: str
    share: int
    reason: str
    until: str | None


ShiftShape = TypedDict(
    "ShiftShape",
    {
        "name": str,
        "state": str,
        "mesh": str,
        "virtualRouter": str,
        "route": str | None,
        "from": str,
        "to": str,
        "step": int,
        "steps": list[int],
        "weights": dict[str, list[int]],
        "gates": list[GateShape],
        "next": NextShape,
        "origin": str,
        "commit": str,
        "serverRuns": bool,
    },
)


class ShiftsShape(TypedDict):
    """Answer of ``shift list`` and ``shift status``."""

    shifts: list[ShiftShape]
    problems: list[ProblemShape]


def shift_change_shape(change: ShiftChange) -> ShiftChangeShape:
    """Return the result of a change."""
    problems = problem_shapes(change.problems)
    return {"name": change.name, "commit": change.commit, "problems": problems}


def shifts_shape(found: Overview) -> ShiftsShape:
    """Return the status of shifts."""
    shifts = [_shift(each, each.shift.name in found.seen_by_server) for each in found.shifts]
    return {"shifts": shifts, "problems": problem_shapes(found.problems)}


def _shift(status: ShiftStatus, runs: bool) -> ShiftShape:
    document, action = status.shift.document, status.action
    until = None
    if action.until is not None:
        until = datetime.fromtimestamp(action.until, UTC).isoformat(timespec="seconds")
    return {
        "name": status.shift.name,
        "state": status.state,
        "mesh": document.mesh_name,
        "virtualRouter": document.virtual_router_name,
        "route": document.route_name,
        "from": document.spec.from_,
        "to": document.spec.to,
        "step": status.step,
        "steps": list(steps_of(document.spec)),
        "weights": {str(key): list(each) for key, each in status.weights.items()},
        "gates": [
            {"gate": each.gate, "verdict": each.verdict.value, "figures": each.words}
            for each in status.results
        ],
        "next": {
            "action": action.do.value,
            "share": action.share,
            "reason": action.reason,
            "until": until,
        },
        "origin": status.progress.origin,
        "commit": status.progress.last,
        "serverRuns": runs,
    }
