"""Lines of a file before and after a change, side by side. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

CONTEXT: Final = 3
_MOST_LINES: Final = 4_000
"""A file with more lines is shown as replaced as a whole: comparing takes time."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One row: a line before, a line after; None where there is none."""

    before_number: int | None
    before: str | None
    after_number: int | None
    after: str | None

    @property
    def is_same(self) -> bool:
        """Return whether the line stays as it is."""
        return self.before is not None and self.before == self.after


def diff_lines(before: str | None, after: str | None) -> list[list[DiffLine]]:
    """Return the changed places of a file with some lines around each."""
    old, new = (before or "").splitlines(), (after or "").splitlines()
    if len(old) + len(new) > _MOST_LINES:
        return [list(_rows(old, new, 0, 0))]
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    return [
        [row for _, a, b, c, d in group for row in _rows(old[a:b], new[c:d], a, c)]
        for group in groups
    ]


def _rows(old: list[str], new: list[str], first: int, other: int) -> Iterator[DiffLine]:
    for at, (before, after) in enumerate(zip_longest(old, new)):
        yield DiffLine(
            None if before is None else first + at + 1,
            before,
            None if after is None else other + at + 1,
            after,
        )
