"""Intervals of confidence hold as often as they say, and latencies are within their buckets."""

from random import Random

import pytest

from gitmesh.traffic.figures import figures
from gitmesh.traffic.statistics import Estimate, below, difference, quantile, share
from xds.reports.counts import LATENCY_BOUNDS_MS, Counts, latency_of


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_a_share_has_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    # Figures of Newcombe, Statistics in Medicine 17 (1998), 857-872, method 3.
    found = share(part, whole)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_has_newcombes_interval(
    one: tuple[int, int], two: tuple[int, int], low: float, high: float
) -> None:
    # Figures of Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10.
    found = difference(share(*two), share(*one))
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_nothing_is_not_success() -> None:
    assert share(0, 0) is None
    assert difference(share(0, 0), share(1, 1)) is None
    assert quantile((), 0.5) is None
    assert figures(Counts()).success is None


def test_intervals_of_quantiles_hold_as_often_as_they_say() -> None:
    random, held = Random(7), 0
    true_ms = 20 * 0.6931471805599453  # the median of an exponential distribution
    for _ in range(300):
        samples = sorted(random.expovariate(1 / 20) for _ in range(200))
        counts = [(bound, sum(each <= bound for each in samples)) for bound in LATENCY_BOUNDS_MS]
        found = quantile(latency_of(counts, len(samples)), 0.5)
        assert found is not None
        assert found.low <= found.value <= found.high
        held += found.low <= true_ms <= found.high
    assert held >= 285


def test_a_quantile_lies_within_its_bucket() -> None:
    latency = latency_of([(10, 50), (100, 90)], 100)
    p50, p90, p99 = (quantile(latency, q) for q in (0.5, 0.9, 0.99))
    assert p50 is not None
    assert p90 is not None
    assert p99 is not None
    assert (p50.value, p90.value, p99.value) == (10, 100, LATENCY_BOUNDS_MS[-1])


def test_who_took_longer_is_known_by_bucket_and_inside_one_evenly() -> None:
    latency = latency_of([(10, 50), (15, 90)], 100)
    assert [below(latency, ms) for ms in (0, 7.5, 10, 12.5, 15, 1e9)] == [0, 0, 50, 70, 90, 90]
    assert below((), 10) == 0


def test_errors_of_grpc_are_counted_by_attempts() -> None:
    counts = Counts(requests=100, attempts=120, failed_attempts=30)
    assert figures(counts).success == Estimate(1.0, *share(100, 100)[1:])  # type: ignore[index]
    grpc = figures(counts, "grpc")
    assert (grpc.answered.basis, grpc.success and grpc.success.value) == ("attempts", 0.75)
    only = figures(Counts(attempts=4, failed_attempts=1))
    assert (only.answered.basis, only.success and only.success.value) == ("attempts", 0.75)
