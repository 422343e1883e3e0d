"""Ref updates of a push, as git passes them to a hook. Pure."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from events.types import CommitId


@dataclass(frozen=True, slots=True)
class Move:
    """Update of one ref."""

    before: CommitId | None
    """Old commit of the ref; None for a new ref."""
    after: CommitId | None
    """New commit of the ref; None for a deleted ref."""
    ref: str


def read_moves(lines: Iterable[str]) -> Iterator[Move]:
    """Yield the moves in the input of a git hook: ``old new ref`` per line."""
    for line in lines:
        before, after, ref = line.rstrip("\n").split(" ", 2)
        yield Move(_commit(before), _commit(after), ref)


def moves_of(refs: Container[str], moves: Iterable[Move]) -> list[Move]:
    """Return the moves of these refs, out of moves that may number a million."""
    return [move for move in moves if move.ref in refs]


def _commit(text: str) -> CommitId | None:
    return CommitId(text) if text.strip("0") else None
