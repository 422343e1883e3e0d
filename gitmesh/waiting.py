"""How far a commit has come, as the log tells it."""

from dataclasses import dataclass

from events.codec import decode
from events.store import EventLog
from events.types import (
    Chain,
    CommitApplied,
    CommitId,
    CommitRejected,
    Record,
    Seq,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from gitmesh.commits import logged_commit
from gitmesh.narration import narrate, short


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether what was waited for has come, or cannot come any more."""

    words: str
    met: bool = False
    refused: bool = False

    @property
    def final(self) -> bool:
        """Whether waiting longer changes nothing."""
        return self.met or self.refused

    def as_json(self) -> dict[str, object]:
        """Return it as ``--json`` shows it."""
        return {"met": self.met, "refused": self.refused, "words": self.words}


def outcome(log: EventLog, commit: CommitId, goal: str) -> Outcome:
    """Return how far a commit is on its way to ``applied``, ``published`` or ``converged``.

    One that was overtaken while it was on its way has come as far as the one that overtook it.
    """
    seq = log.seq_of_commit(commit)
    if seq is None:
        return Outcome(f"{short(commit)} is not in the log yet: is it pushed to the branch?")
    about = logged_commit(log, seq)
    if about.rejected:
        return Outcome(narrate(decode(about.records[0])), refused=True)
    if goal == "applied":
        return Outcome(narrate(decode(about.records[0])), met=True)
    return _delivered(log, about.first, goal)


def _delivered(log: EventLog, first: Seq, goal: str) -> Outcome:
    waiting = Outcome("no server has told a proxy of it yet")
    for record in _from(log, first):
        match decode(record):
            case SnapshotRejected() as refused:
                waiting = Outcome(narrate(refused), refused=True)
            case SnapshotPublished() as published if goal == "published":
                return Outcome(narrate(published), met=True)
            case SnapshotPublished() as published:
                waiting = Outcome(f"{narrate(published)}; not all of them have it yet")
            case SnapshotConverged() as converged:
                return Outcome(narrate(converged), met=True)
            case _:
                pass
    return waiting


def _from(log: EventLog, first: Seq) -> list[Record]:
    """Return what proxies made of the commit at this position, and of those that came after it."""
    found: list[Record] = []
    for record in log.read(Chain.MESH, after=Seq(first - 1)):
        event = decode(record)
        if isinstance(event, CommitApplied) and not isinstance(event, CommitRejected):
            found += log.about(event.facts.commit, Chain.DELIVERY)
    return sorted(found, key=lambda record: record.seq)
