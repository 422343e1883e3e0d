"""Commit messages of a shift: what was done and why, for people; trailers for programs. Pure."""

from collections.abc import Sequence

from events.types import CommitId
from gitmesh.shifts.decision import Action, Do
from gitmesh.shifts.gate import GateResult
from gitmesh.shifts.progress import END, ORIGIN, SHIFT, STEP, Progress, step_text
from gitmesh.shifts.reading import Shift
from gitmesh.shifts.weights import steps_of

_ENDS = {Do.PROMOTE: "promoted", Do.ABORT: "aborted", Do.SUPERSEDE: "superseded"}


def ending(action: Action) -> str | None:
    """Return how an action ends the shift; None if the shift goes on."""
    return _ENDS.get(action.do)


def message(
    shift: Shift,
    action: Action,
    progress: Progress,
    results: Sequence[GateResult] = (),
    requests: tuple[int, int] | None = None,
    undone: Sequence[CommitId] = (),
    others: Sequence[str] = (),
) -> str:
    """Return the message of an action's commit.

    :param requests: requests to canary and baseline in the step that ends.
    :param undone: the commits that an abort reverts, newest first.
    :param others: more lines of trailers.
    """
    trailers = [f"{SHIFT}: {shift.name}"]
    if action.do in (Do.STEP, Do.PROMOTE):
        count = len(steps_of(shift.document.spec))
        trailers.append(f"{STEP}: {step_text(action.step, count, action.share)}")
    if (how := ending(action)) is not None:
        trailers.append(f"{END}: {how}")
    if action.do in (Do.ABORT, Do.HOLD, Do.SUPERSEDE):
        trailers.append(f"Gitmesh-{action.do.title()}-Reason: {_line(action.reason)}")
    trailers += [f"Gitmesh-Gate: {_line(str(each))}" for each in results]
    if requests is not None:
        trailers.append(f"Gitmesh-Requests: canary={requests[0]} baseline={requests[1]}")
    trailers += [f"{ORIGIN}: {progress.origin}", *others]
    parts = [
        _subject(shift, action)[:72],
        _line(action.reason),
        "\n".join(f"This reverts commit {commit}." for commit in undone),
        "\n".join(trailers),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _subject(shift: Shift, action: Action) -> str:
    spec, count = shift.document.spec, len(steps_of(shift.document.spec))
    place = shift.document.virtual_router_name
    if shift.document.route_name:
        place += f"/{shift.document.route_name}"
    match action.do:
        case Do.PROMOTE:
            return f"Promote {spec.to}: {place} has all traffic there ({action.step}/{count})"
        case Do.ABORT:
            return f"Abort shift {shift.name}: {place} back to {spec.from_}"
        case Do.HOLD:
            return f"Hold shift {shift.name}"
        case Do.SUPERSEDE:
            return f"End shift {shift.name}: superseded"
        case _:
            return f"Shift {place} to {spec.to} {action.share} % ({action.step}/{count})"


def _line(text: str) -> str:
    return " ".join(text.split())
