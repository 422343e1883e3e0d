"""Order of the items in each column, with few crossings of edges."""

from collections.abc import Mapping, Sequence
from typing import Final

Segment = tuple[int, int]
"""Two items of neighbouring columns, the left one first."""
Offsets = Mapping[Segment, float]
"""Heights at which segments leave their left item: 0 at its top, less than 1 at its bottom."""

_SWEEPS: Final = 16
_PATIENCE: Final = 4
"""Sweeps without a gain after which the search ends."""
_ROUNDS: Final = 4
_REACH: Final = 30
_WORK: Final = 6_000
"""Items times places that they may move by: more items move less far."""


class Order:
    """Columns of items, reordered until no step removes crossings."""

    def __init__(
        self, columns: Sequence[Sequence[int]], segments: Sequence[Segment], leaves: Offsets
    ) -> None:
        self.columns = [list(column) for column in columns]
        self._leaves = leaves
        self._place: dict[int, int] = {}
        self._right: dict[int, list[int]] = {}
        self._left: dict[int, list[int]] = {}
        for left, right in segments:
            self._right.setdefault(left, []).append(right)
            self._left.setdefault(right, []).append(left)
        for column in self.columns:
            self._number(column)

    def improved(self) -> list[list[int]]:
        """Return the best order that was found: the best of some sweeps, then mended by sifting."""
        best, least, waited = self._copy(), self.crossings(), 0
        for sweep in range(_SWEEPS):
            if not least or waited == _PATIENCE:
                break
            self._sweep(forward=sweep % 2 == 0)
            waited += 1
            if (now := self.crossings()) < least:
                best, least, waited = self._copy(), now, 0
        self.columns = best
        for column in best:
            self._number(column)
        if least:
            self._sift()
        return self.columns

    def _copy(self) -> list[list[int]]:
        return [list(column) for column in self.columns]

    def crossings(self) -> int:
        """Return the number of pairs of segments that cross."""
        return sum(map(self._crossings, self.columns[:-1]))

    def _number(self, column: list[int]) -> None:
        self._place.update((item, at) for at, item in enumerate(column))

    def _from(self, left: int, right: int) -> float:
        return self._place[left] + self._leaves.get((left, right), 0.5)

    def _sweep(self, *, forward: bool) -> None:
        columns = self.columns[1:] if forward else self.columns[-2::-1]
        for column in columns:
            wish = {item: self._centre(item, forward=forward) for item in column}
            column.sort(key=wish.__getitem__)
            self._number(column)

    def _centre(self, item: int, *, forward: bool) -> float:
        """Return the mean place of the neighbours on one side; without any, its own."""
        others = (self._left if forward else self._right).get(item)
        if not others:
            return float(self._place[item])
        if forward:
            return sum(self._from(left, item) for left in others) / len(others)
        return sum(self._place[right] + 0.5 for right in others) / len(others)

    def _crossings(self, column: list[int]) -> int:
        """Count crossings behind a column: inversions of the right ends, by a Fenwick tree."""
        ends = sorted(
            (self._from(left, right), self._place[right])
            for left in column
            for right in self._right.get(left, ())
        )
        if len(ends) < 2:
            return 0
        tree = [0] * (max(end for _, end in ends) + 2)
        found = 0
        for seen, (_, end) in enumerate(ends):
            at, not_below = end + 1, 0
            while at:
                not_below += tree[at]
                at &= at - 1
            found += seen - not_below
            at = end + 1
            while at < len(tree):
                tree[at] += 1
                at += at & -at
        return found

    def _sift(self) -> None:
        """Move each item to the place in its column with the fewest crossings, until none moves.

        (Matuszewski, Schönfeld and Molitor 1999.) Items move at most ``reach`` places a round.
        """
        reach = max(2, min(_REACH, _WORK // len(self._place)))
        for _ in range(_ROUNDS):
            moved = [self._sift_in(column, reach) for column in self.columns]
            if not any(moved):
                return

    def _sift_in(self, column: list[int], reach: int) -> bool:
        lefts, rights = self._ends(column)

        def saved(item: int, other: int) -> int:
            """Return the crossings that are saved if ``item`` moves below ``other``."""
            now = _inversions(lefts[item], lefts[other]) + _inversions(rights[item], rights[other])
            return (
                now
                - _inversions(lefts[other], lefts[item])
                - _inversions(rights[other], rights[item])
            )

        moved = False
        for item in tuple(column):
            at = column.index(item)
            most, best, total = 0, at, 0
            for place in range(at + 1, min(at + reach + 1, len(column))):
                total += saved(item, column[place])
                if total > most:
                    most, best = total, place
            total = 0
            for place in range(at - 1, max(at - reach - 1, -1), -1):
                total -= saved(item, column[place])
                if total > most:
                    most, best = total, place
            if best != at:
                column.insert(best, column.pop(at))
                moved = True
        self._number(column)
        return moved

    def _ends(self, column: list[int]) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
        """Return where the segments of each item end, on the left and on the right, sorted."""
        lefts = {
            item: sorted([self._from(each, item) for each in self._left.get(item, ())])
            for item in column
        }
        rights = {
            item: sorted([float(self._place[each]) for each in self._right.get(item, ())])
            for item in column
        }
        return lefts, rights


def _inversions(first: list[float], second: list[float]) -> int:
    """Return the number of pairs of sorted values in which the first is the greater one."""
    if not first or not second or first[-1] <= second[0]:
        return 0
    found = at = 0
    for value in first:
        while at < len(second) and second[at] < value:
            at += 1
        found += at
    return found
