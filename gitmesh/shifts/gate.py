"""Gates: verdicts about the requests to the canary. Pure.

A verdict has three values. Too little evidence is neither success nor failure: a canary that
nobody calls, or that no proxy reports about, is held and not promoted.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from gitmesh.shifts.document import Gates, ShiftSpec, seconds
from gitmesh.shifts.evidence import NO_TRAFFIC, Traffic, WindowPair
from gitmesh.shifts.sequential_test import SequentialTest
from gitmesh.traffic.statistics import below, quantile

_SUCCESS: Final = "success-rate"
_SUCCESS_BASELINE: Final = "success-rate-baseline"
_LATENCY: Final = "latency"
_LATENCY_BASELINE: Final = "latency-baseline"


class Verdict(StrEnum):
    """Result of a gate."""

    PASS = "pass"  # noqa: S105 -- a verdict
    FAIL = "fail"
    UNKNOWN = "not enough evidence"


@dataclass(frozen=True, slots=True)
class GateResult:
    """Verdict of one gate, with its figures in words."""

    gate: str
    verdict: Verdict
    words: str

    def __str__(self) -> str:
        return f"{self.gate}: {self.verdict}, {self.words}"


@dataclass(frozen=True, slots=True)
class Observation:
    """Evidence of a shift so far: tests over the whole shift, sums over the present step."""

    spec: ShiftSpec
    tests: Mapping[str, SequentialTest] = field(default_factory=dict)
    canary: Traffic = NO_TRAFFIC
    baseline: Traffic = NO_TRAFFIC
    windows: int = 0
    """Number of windows in the present step."""

    def after(self, window: WindowPair) -> Self:
        """Return the observation after one more window of the present step."""
        canary, baseline = self.canary + window.canary, self.baseline + window.baseline
        seen = replace(self, canary=canary, baseline=baseline, windows=self.windows + 1)
        return replace(seen, tests={**self.tests, **dict(_tested(seen, window))})

    def at_next_step(self) -> Self:
        """Return the observation at the start of the next step; tests go on."""
        return replace(self, canary=NO_TRAFFIC, baseline=NO_TRAFFIC, windows=0)

    def test(self, gate: str) -> SequentialTest:
        """Return the test of a gate."""
        gates = self.spec.gates
        return self.tests.get(gate) or SequentialTest(gates.false_alarm_rate / gates.count)


def judged(seen: Observation) -> tuple[GateResult, ...]:
    """Return the result of each gate of a shift."""
    return tuple(_results(seen, seen.spec.gates))


def _tested(seen: Observation, window: WindowPair) -> Iterator[tuple[str, SequentialTest]]:
    """Yield the tests to which a window adds evidence."""
    gates, canary, base = seen.spec.gates, window.canary, window.baseline
    success, latency = gates.success_rate, gates.latency
    if success is not None and success.min is not None:
        allowed = 1 - success.min / 100
        test = seen.test(_SUCCESS).limited(canary.errors, canary.requests, allowed)
        yield _SUCCESS, test
    if success is not None and success.baseline:
        counts = (canary.errors, canary.requests, base.errors, base.requests)
        yield _SUCCESS_BASELINE, seen.test(_SUCCESS_BASELINE).compared(*counts)
    if latency is not None:
        allowed = 1 - latency.percentile / 100
        for gate, limit in _latency_limits(seen):
            total = sum(canary.latency)
            slow = math.floor(total - below(canary.latency, limit))
            yield gate, seen.test(gate).limited(slow, total, allowed)
    for name, percent in gates.error_classes.items():
        errors = canary.classes.get(name, 0)
        yield name, seen.test(name).limited(errors, canary.requests, percent / 100)


def _latency_limits(seen: Observation) -> Iterator[tuple[str, float]]:
    """Yield each latency gate with its limit in milliseconds; none while there is no baseline."""
    latency = seen.spec.gates.latency
    if latency is not None and latency.max is not None:
        yield _LATENCY, 1000 * seconds(latency.max)
    if latency is not None and latency.max_ratio is not None:
        usual = seen.baseline.latency
        found = quantile(usual, latency.percentile / 100)
        if found and found.value and sum(usual) >= seen.spec.gates.min_requests:
            yield _LATENCY_BASELINE, latency.max_ratio * found.value


def _results(seen: Observation, gates: Gates) -> Iterator[GateResult]:
    success, latency = gates.success_rate, gates.latency
    rate, usual = seen.canary.success_percent, seen.baseline.success_percent
    if success is not None and success.min is not None:
        good = rate is not None and rate >= success.min
        words = f"{_rate(seen.canary)}, at least {success.min:g} %"
        yield _result(seen, _SUCCESS, words, good=good)
    if success is not None and success.baseline:
        words = f"{_rate(seen.canary)}, {seen.spec.from_} {_rate(seen.baseline)}"
        yield _result(seen, _SUCCESS_BASELINE, words, good=usual is not None)
    if latency is not None:
        yield from _latency_results(seen)
    for name, percent in gates.error_classes.items():
        errors, requests = seen.canary.classes.get(name, 0), seen.canary.requests
        good = bool(requests) and 100 * errors / requests <= percent
        words = f"{errors:,} of {requests:,} requests, at most {percent:g} %"
        yield _result(seen, name, words, good=good)


def _latency_results(seen: Observation) -> Iterator[GateResult]:
    latency, limits = seen.spec.gates.latency, dict(_latency_limits(seen))
    if latency is None:
        return
    found = quantile(seen.canary.latency, latency.percentile / 100)
    at = None if found is None else found.value
    told = "no latency is reported" if at is None else f"p{latency.percentile:g} {at:,.0f} ms"
    for gate, bound in ((_LATENCY, latency.max), (_LATENCY_BASELINE, latency.max_ratio)):
        if bound is None:
            continue
        limit = limits.get(gate)
        good = at is not None and limit is not None and at <= limit
        against = "" if gate == _LATENCY else f" ({latency.max_ratio:g} times {seen.spec.from_})"
        most = "no baseline yet" if limit is None else f"at most {limit:,.0f} ms{against}"
        yield _result(seen, gate, f"{told}, {most}", good=good)


def _result(seen: Observation, gate: str, words: str, *, good: bool) -> GateResult:
    test, requests = seen.test(gate), seen.canary.requests
    if test.rejects:
        return GateResult(gate, Verdict.FAIL, words)
    # Between the two bounds the canary looks worse than allowed, but may be so by chance.
    clear = test.evidence < math.sqrt(1 / test.alpha)
    enough = requests >= seen.spec.gates.min_requests
    return GateResult(gate, Verdict.PASS if good and clear and enough else Verdict.UNKNOWN, words)


def _rate(traffic: Traffic) -> str:
    rate = traffic.success_percent
    if rate is None:
        return "no requests"
    return f"{rate:.2f} % of {traffic.requests:,} requests"
