"""The sequential test stops bad versions, and good ones as rarely as it promises."""

import math
import random
from collections.abc import Iterator
from functools import cache
from typing import Final

from gitmesh.shifts.sequential_test import SequentialTest

SHIFTS: Final = 10_000
ALPHA: Final = 0.01
STEPS: Final = ((1, 8), (5, 8), (10, 8), (25, 8), (50, 8))
"""Weights, and windows of 5 s in each: 40 looks in 200 s."""
REQUESTS: Final = 200
"""Requests in a window, 40 a second."""


def windows() -> Iterator[tuple[int, int]]:
    for weight, count in STEPS:
        canary = REQUESTS * weight // 100
        for _ in range(count):
            yield canary, REQUESTS - canary


@cache
def plan(base: float, canary: float) -> tuple[tuple[int, int, float, float], ...]:
    """Return requests to both, mean of errors, and probability of none, for each window."""
    found = []
    for n_canary, n_base in windows():
        mean = n_canary * canary + n_base * base
        found.append((n_canary, n_base, mean, math.exp(-mean)))
    return tuple(found)


def some(chance: random.Random, mean: float) -> int:
    """Return a number of errors of which there is at least one (Poisson, by inversion)."""
    left = chance.uniform(math.exp(-mean), 1.0)
    count, term = 0, math.exp(-mean)
    while left > term:
        left -= term
        count += 1
        term *= mean / count
    return max(1, count)


def stopped(chance: random.Random, base: float, canary: float) -> int | None:
    """Return after how many windows a shift is stopped; None if it is not.

    A window without an error adds no evidence.
    """
    test, draw = SequentialTest(ALPHA), chance.random
    for at, (n_canary, n_base, mean, none) in enumerate(plan(base, canary), 1):
        if draw() < none:
            continue
        share, count = n_canary * canary / mean, some(chance, mean)
        k_canary = sum(draw() < share for _ in range(count))
        test = test.compared(k_canary, n_canary, count - k_canary, n_base)
        if test.rejects:
            return at
    return None


def upper_bound(found: int, of: int) -> float:
    """Return the upper end of the 95 % interval of a share (Wilson)."""
    z, share = 1.96, found / of
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (share + z * z / (2 * of) + spread) / (1 + z * z / of)


def test_good_versions_are_stopped_as_rarely_as_promised() -> None:
    chance = random.Random(2011_03567)
    wrong = sum(stopped(chance, 0.001, 0.001) is not None for _ in range(SHIFTS))
    assert upper_bound(wrong, SHIFTS) <= ALPHA


def test_bad_versions_are_stopped() -> None:
    chance = random.Random(42)
    for canary, share, within in ((0.05, 1.0, 40), (0.3, 1.0, 20)):
        found = [stopped(chance, 0.001, canary) for _ in range(300)]
        times = sorted(each for each in found if each is not None)
        assert len(times) >= share * len(found)
        assert times[len(times) // 2] <= within


def test_a_version_that_becomes_bad_late_is_stopped() -> None:
    absolute, compared = SequentialTest(ALPHA), SequentialTest(ALPHA)
    for _ in range(500):
        absolute = absolute.limited(1, 1000, 0.01)
        compared = compared.compared(5, 1000, 5, 1000)
    assert not absolute.rejects
    assert not compared.rejects
    for _ in range(12):
        absolute = absolute.limited(50, 1000, 0.01)
        compared = compared.compared(50, 1000, 5, 1000)
    assert absolute.rejects
    assert compared.rejects


def test_errors_of_one_window_alone_never_suffice() -> None:
    burst = SequentialTest(ALPHA).compared(500, 500, 0, 500)
    assert not burst.rejects
    assert burst.compared(5, 500, 0, 500).rejects


def test_a_window_without_requests_or_errors_tells_nothing() -> None:
    test = SequentialTest(ALPHA)
    assert test.compared(0, 100, 0, 100) == test
    assert test.compared(5, 5, 0, 0) == test
    assert test.limited(0, 0, 0.01) == test


def test_an_absolute_bound_is_tested_in_the_same_way() -> None:
    chance, wrong = random.Random(7), 0
    for _ in range(500):
        test = SequentialTest(ALPHA)
        for _ in range(50):
            errors = 0 if chance.random() < math.exp(-1) else some(chance, 1.0)
            test = test.limited(errors, 100, 0.01)
            if test.rejects:
                wrong += 1
                break
    assert wrong <= 10
    bad = SequentialTest(ALPHA)
    for _ in range(20):
        bad = bad.limited(10, 100, 0.01)
    assert bad.rejects


def test_an_impossible_bound_is_no_error() -> None:
    assert SequentialTest(ALPHA).limited(1, 1, 0.0).evidence > 1
    assert SequentialTest(ALPHA).limited(100, 100, 1.0).evidence > 0
