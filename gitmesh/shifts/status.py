"""Status of a shift as a value, and in words. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gitmesh.shifts.decision import Action, Do
from gitmesh.shifts.gate import GateResult
from gitmesh.shifts.progress import Progress
from gitmesh.shifts.reading import Shift
from gitmesh.shifts.weights import Weights, steps_of


@dataclass(frozen=True, slots=True)
class ShiftStatus:
    """How far a shift is, what was seen, and what happens next."""

    shift: Shift
    progress: Progress
    weights: Weights
    """Weights of both targets now, by route."""
    action: Action
    results: Sequence[GateResult] = ()
    requests: tuple[int, int] = (0, 0)
    """Requests to canary and baseline in the present step."""
    error: str = ""
    """Why the last action could not be made."""

    @property
    def step(self) -> int:
        """Return the number of the step that was made last, from 1; 0 before the first."""
        share = self.progress.share
        return sum(each <= share for each in steps_of(self.shift.document.spec)) if share else 0

    @property
    def is_over(self) -> bool:
        """Return whether the shift has ended."""
        return self.action.do is Do.FINISHED

    @property
    def state(self) -> str:
        """Return the state in a word."""
        document, action = self.shift.document, self.action
        if self.is_over:
            return action.reason
        if document.hold is not None:
            return "held"
        return "waiting" if not self.progress.share else "progressing"


def status_lines(status: ShiftStatus, *, running: bool = True) -> Iterator[str]:
    """Yield what people read about a shift.

    :param running: False if no server makes steps now.
    """
    document = status.shift.document
    spec, steps = document.spec, steps_of(document.spec)
    step = f", step {status.step} of {len(steps)}" if status.step or not status.is_over else ""
    yield f"shift {status.shift.name}: {status.state}{step}"
    for key, (before, after) in status.weights.items():
        yield f"  {key.parent}/{key.name}: {spec.from_} {before}, {spec.to} {after}"
    for each in status.results:
        yield f"  {each}"
    if status.error:
        yield f"  error: {status.error}"
    if not status.is_over:
        yield f"  next: {next_words(status)}"
        if not running:
            yield "  no server runs that would make it: gitmesh serve"


def next_words(status: ShiftStatus) -> str:
    """Return what happens next, and when."""
    action, spec = status.action, status.shift.document.spec
    match action.do:
        case Do.WAIT if action.until is not None:
            when = datetime.fromtimestamp(action.until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            return f"{spec.to} {action.share} %, not before {when} ({action.reason})"
        case Do.WAIT if action.share:
            return (
                f"{spec.to} {action.share} %, when there is {action.reason}"
                if (action.reason.startswith("not enough"))
                else f"{spec.to} {action.share} %, but not yet: {action.reason}"
            )
        case Do.WAIT:
            return f"nothing, {action.reason}"
        case Do.STEP | Do.PROMOTE:
            return f"{spec.to} {action.share} %, now"
        case Do.ABORT:
            return f"abort, now: {action.reason}"
        case _:
            return f"{action.do}: {action.reason}"
