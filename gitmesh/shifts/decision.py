"""The next action of a shift, as a function of document, progress, verdicts and time. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from events.types import CommitId
from gitmesh.shifts.document import DAYS, ShiftDocument, Window, seconds
from gitmesh.shifts.gate import GateResult, Verdict
from gitmesh.shifts.progress import Progress
from gitmesh.shifts.weights import steps_of


class Do(StrEnum):
    """Kind of an action."""

    WAIT = "wait"
    STEP = "step"
    PROMOTE = "promote"
    """The last step: ``to`` gets all traffic, and the shift ends."""
    HOLD = "hold"
    ABORT = "abort"
    SUPERSEDE = "supersede"
    """End the shift, because somebody else has changed its route."""
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision depends on."""

    document: ShiftDocument
    progress: Progress
    share_at_start: float
    """Share of ``to`` before the shift, in percent."""
    now: float
    """Seconds since 1970."""
    results: Sequence[GateResult] = ()
    """Results of all gates; empty if the shift has none."""
    canary_requests: int = 0
    changed_by: CommitId | None = None
    """The commit with which somebody else changed the route; ``""`` if it is unknown."""
    pinned: str = ""
    """The reason of a pin, which holds every shift."""


@dataclass(frozen=True, slots=True)
class Action:
    """What to do next, and why."""

    do: Do
    reason: str = ""
    step: int = 0
    """Number of the step, from 1."""
    share: int = 0
    """Share of ``to`` after the step, in percent."""
    until: float | None = None
    """Time at which a wait ends by itself, in seconds since 1970."""


def finished(document: ShiftDocument, progress: Progress) -> Action | None:
    """Return how a shift has ended; None if it goes on."""
    how = document.ended or progress.ended
    return None if how is None else Action(Do.FINISHED, how)


def decide(now: Situation) -> Action:
    """Return the next action of a shift."""
    document, progress = now.document, now.progress
    if (end := finished(document, progress)) is not None:
        return end
    if now.changed_by is not None:
        by = f" by commit {now.changed_by[:7]}" if now.changed_by else ""
        return Action(Do.SUPERSEDE, f"its route was changed{by}")
    failed = [each for each in now.results if each.verdict is Verdict.FAIL]
    if failed and progress.share:
        return _failed(document, failed)
    if now.pinned:
        return Action(Do.WAIT, f"serving is pinned: {now.pinned}")
    if document.hold is not None:
        return Action(Do.WAIT, f"held: {document.hold}")
    return _next(now)


def _failed(document: ShiftDocument, failed: Sequence[GateResult]) -> Action:
    reason = "; ".join(f"{each.gate}: {each.words}" for each in failed)
    if document.spec.on_failure == "revert":
        return Action(Do.ABORT, reason)
    if document.hold is not None:
        return Action(Do.WAIT, f"held: {document.hold}")
    return Action(Do.HOLD, f"gate failed: {reason}")


def _next(now: Situation) -> Action:
    spec, progress = now.document.spec, now.progress
    steps = steps_of(spec)
    reached = progress.share or now.share_at_start
    number, share = next(
        ((at, each) for at, each in enumerate(steps, 1) if each > reached), (len(steps), 100)
    )
    action = Action(Do.PROMOTE if share == 100 else Do.STEP, "", number, share)
    if progress.share:
        due = progress.moved_at + seconds(spec.interval)
        if now.now < due:
            return Action(Do.WAIT, "the interval of the step", number, share, due)
        if (doubt := _doubt(now)) is not None:
            return Action(Do.WAIT, doubt, number, share)
    if spec.window is not None and not is_open(spec.window, now.now):
        opens = _opens(spec.window, now.now)
        return Action(Do.WAIT, "outside the window of the shift", number, share, opens)
    return action


def _doubt(now: Situation) -> str | None:
    """Return why the next step cannot be made yet; None if all gates pass."""
    open_ = [each for each in now.results if each.verdict is not Verdict.PASS]
    if not open_:
        return None
    least = now.document.spec.gates.min_requests
    to = now.document.spec.to
    if not now.canary_requests:
        return f"no requests to {to} are reported: silence is not success"
    if now.canary_requests < least:
        return f"not enough evidence: {now.canary_requests:,} of {least:,} requests to {to}"
    first = open_[0]
    return f"not enough evidence: {first.gate}: {first.words}"


def is_open(window: Window, now: float) -> bool:
    """Return whether steps may be made at a time; a window may last over midnight."""
    return any(start <= now < end for start, end in _spans(window, now))


def _opens(window: Window, now: float) -> float:
    return min(start for start, _ in _spans(window, now) if start > now)


def _spans(window: Window, now: float) -> Iterator[tuple[float, float]]:
    """Yield when the window opens and closes, from yesterday to a week from now."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in range(-1, 9):
        day = today + timedelta(days=days)
        if DAYS[day.weekday()] in window.days:
            start, end = _at(day, window.from_), _at(day, window.until)
            yield start.timestamp(), (end if end > start else end + timedelta(days=1)).timestamp()


def _at(day: datetime, clock: str) -> datetime:
    hour, _, minute = clock.partition(":")
    return day.replace(hour=int(hour), minute=int(minute))
