"""What git tells a hook: which refs move from where to where. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from events.types import CommitId


@dataclass(frozen=True, slots=True)
class Move:
    """A ref that a push moves."""

    before: CommitId | None
    """None where the ref is new."""
    after: CommitId | None
    """None where it is deleted."""
    ref: str


def read_moves(lines: Iterable[str]) -> list[Move]:
    """Read what git writes to a hook: ``old new ref`` a line; what is no such line is left out."""
    parts = (line.rstrip("\n").split(" ", 2) for line in lines)
    return [Move(_commit(p[0]), _commit(p[1]), p[2]) for p in parts if len(p) == 3]


def _commit(text: str) -> CommitId | None:
    return CommitId(text) if text.strip("0") else None
