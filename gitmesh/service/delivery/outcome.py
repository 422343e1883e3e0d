"""Progress of a commit towards a goal, according to the log."""

from dataclasses import dataclass, replace

from events.encoding.codec import decode
from events.store import EventReader
from events.types import (
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    Record,
    Seq,
    ServingPinned,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from gitmesh.queries.commits import logged_commit
from gitmesh.queries.convergence import Convergence, convergence
from gitmesh.queries.pins import pinned
from gitmesh.rendering.narration import narrate, never_served_words, short
from gitmesh.service.delivery.wait_goal import Goal


@dataclass(frozen=True, slots=True)
class Outcome:
    """Progress towards a goal: reached, refused or still possible."""

    words: str
    met: bool = False
    refused: bool = False
    convergence: Convergence | None = None
    """Share of proxies with the commit, if the goal is a percentage and the commit was offered."""
    refusals: tuple[SnapshotRejected, ...] = ()
    """Refusals by proxies, of an applied commit."""
    pin: ServingPinned | None = None
    """The pin because of which the commit is not served yet."""

    @property
    def final(self) -> bool:
        """True if the progress cannot change any more."""
        return self.met or self.refused


def outcome(log: EventReader, commit: CommitId, goal: Goal) -> Outcome:
    """Return a commit's progress towards a goal.

    A commit that was replaced during delivery has the progress of the commit that replaced it.
    """
    seq = log.seq_of_commit(commit)
    if seq is None:
        return Outcome(
            f"{short(commit)} is not in the log yet: check that it was pushed to the branch"
        )
    about = logged_commit(log, seq)
    if about.rejected:
        return Outcome(narrate(decode(about.records[0])), refused=True)
    if goal.stage == "applied":
        return Outcome(narrate(decode(about.records[0])), met=True)
    found = _delivered(log, about.first, goal)
    if about.instead is not None:
        found = replace(found, words=f"{never_served_words(about.instead)}: {found.words}")
    pin = None if found.final else pinned(log)
    if pin is None or pin.commit == commit:
        return found
    return replace(found, words=f"{found.words}; serving is {narrate(pin)}", pin=pin)


def _delivered(log: EventReader, first: Seq, goal: Goal) -> Outcome:
    waiting = Outcome("no server has offered it to a proxy yet")
    offered: SnapshotPublished | None = None
    for record in _from(log, first):
        match decode(record):
            case SnapshotRejected() as refused:
                refusals = (*waiting.refusals, refused)
                waiting = Outcome(narrate(refused), refused=True, refusals=refusals)
            case SnapshotPublished() as published if goal.stage == "published":
                return Outcome(narrate(published), met=True)
            case SnapshotPublished() as published:
                offered = offered or published
                waiting = Outcome(f"{narrate(published)}; not all of them have it yet")
            case SnapshotConverged() as converged:
                return Outcome(narrate(converged), met=True)
            case _:
                pass
    if offered is None or goal.percent == 100:
        return waiting
    return _partly(convergence(log, first, offered), goal.percent, waiting)


def _partly(found: Convergence, percent: int, whole: Outcome) -> Outcome:
    """Return the outcome for a percentage of proxies; ``whole`` is the outcome for all of them."""
    if found.reaches(percent):
        return Outcome(found.words(), met=True, convergence=found)
    if whole.refused and found.excludes(percent):
        words = f"{found.words()}; {whole.words}"
        return Outcome(words, refused=True, convergence=found, refusals=whole.refusals)
    words = f"{found.words()}, according to the log; waiting for {percent} %"
    return Outcome(words, convergence=found)


def _from(log: EventReader, first: Seq) -> list[Record]:
    """Return the delivery events of the commit at this position and of later ones."""
    found: list[Record] = []
    for record in log.read(Chain.MESH, after=Seq(first - 1)):
        event = decode(record)
        if isinstance(event, CommitApplied) and not isinstance(event, CommitRejected):
            found += log.about(event.facts.commit, Chain.DELIVERY)
    return sorted(found, key=lambda record: record.seq)
