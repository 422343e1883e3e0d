"""Progress of a shift, read from the commits that were made for it. Pure.

A shift has no state outside git: its document says what is wanted, and the trailers of its commits
say what was done. A server that was killed reads both and goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from events.types import CommitFacts, CommitId

SHIFT: Final = "Gitmesh-Shift"
START: Final = "Gitmesh-Shift-Start"
STEP: Final = "Gitmesh-Step"
END: Final = "Gitmesh-Shift-End"
ORIGIN: Final = "Gitmesh-Origin"


@dataclass(frozen=True, slots=True)
class LineCommit:
    """A commit of the branch's first-parent line, with the shift's intent in it."""

    facts: CommitFacts
    intent: str | None
    """``None`` if the commit has no document of the shift."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a shift has come."""

    origin: CommitId
    """The commit in which the shift was asked for."""
    last: CommitId
    """The last commit that was made for the shift; the origin if there is none."""
    moved_at: float
    """Time of that commit, in seconds since 1970."""
    share: int = 0
    """Share of ``to`` after the last step, in percent; 0 before the first step."""
    ended: str | None = None


def progress(name: str, line: Iterable[LineCommit]) -> Progress | None:
    """Return the progress of a shift; None if the line is shorter than the shift is old.

    :param line: the branch's commits, newest first, down to the first commit of all, which is
        followed by an entry for nothing. It is read only as far as needed.
    """
    for commit, parent in pairwise(line):
        facts = commit.facts
        told = dict(facts.trailers)
        moved_at = datetime.fromisoformat(facts.committer.at).timestamp()
        if told.get(START) == name or commit.intent != parent.intent:
            return Progress(facts.commit, facts.commit, moved_at)
        if told.get(SHIFT) == name and (STEP in told or END in told):
            origin = CommitId(told.get(ORIGIN, ""))
            share = _share(told.get(STEP, ""))
            return Progress(origin, facts.commit, moved_at, share, told.get(END))
    return None


def step_text(number: int, count: int, share: int) -> str:
    """Return the trailer of a step: ``2/4 25%``."""
    return f"{number}/{count} {share}%"


def _share(text: str) -> int:
    digits = text.rpartition(" ")[2].removesuffix("%")
    return int(digits) if digits.isascii() and digits.isdigit() else 0
