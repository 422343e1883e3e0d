"""Heights: items keep their order in a column, and are as near to their neighbours as they can."""

from collections.abc import Mapping, Sequence
from typing import Final

_ROUNDS: Final = 8


def placed(
    columns: Sequence[Sequence[int]],
    gaps: Mapping[int, float],
    links: Mapping[int, Sequence[tuple[int, float]]],
    weights: Mapping[int, float],
) -> dict[int, float]:
    """Return the centre of each item.

    Two centres of a column are at least half the sum of their ``gaps`` apart.

    :param links: for each item the neighbours in other columns, and how much higher or lower than
        those its centre should be.
    :param weights: how much an item insists on its wish; 1 if missing.
    """
    centre: dict[int, float] = {}
    for column in columns:
        at = 0.0
        for item in column:
            centre[item] = at + gaps[item] / 2
            at += gaps[item]
    for turn in range(_ROUNDS):
        for column in columns if turn % 2 == 0 else reversed(columns):
            wishes = [_wish(item, centre, links) for item in column]
            nearest = _nearest(column, wishes, gaps, weights)
            centre.update(zip(column, nearest, strict=True))
    return centre


def _wish(
    item: int, centre: Mapping[int, float], links: Mapping[int, Sequence[tuple[int, float]]]
) -> float:
    found = links.get(item)
    if not found:
        return centre[item]
    return sum(centre[other] + apart for other, apart in found) / len(found)


def _nearest(
    column: Sequence[int],
    wishes: Sequence[float],
    gaps: Mapping[int, float],
    weights: Mapping[int, float],
) -> list[float]:
    """Return the centres whose squared distances from the wishes are least: isotonic regression.

    Pools of items that touch move together to the mean of their wishes.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, number of items
    shift, shifts = 0.0, []
    for at, item in enumerate(column):
        shift += (gaps[column[at - 1]] + gaps[item]) / 2 if at else 0.0
        shifts.append(shift)
        mean, weight, number = wishes[at] - shift, weights.get(item, 1.0), 1
        while pools and pools[-1][0] > mean:
            other, more, count = pools.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight, number = weight + more, number + count
        pools.append((mean, weight, number))
    means = [mean for mean, _, number in pools for _ in range(number)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=True)]
