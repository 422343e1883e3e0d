"""Gates: three verdicts, about figures that are told."""

from itertools import accumulate

from gitmesh.shifts.evidence import Traffic, WindowPair
from gitmesh.shifts.gate import GateResult, Observation, Verdict, judged
from tests.gitmesh.shifts.documents import shift
from xds.reports.counts import latency_of

BOUNDS = (5.0, 10.0, 25.0, 50.0, 100.0, 250.0)
FAST = (0, 500, 490, 10, 0, 0)
SLOW = (0, 0, 500, 400, 90, 10)


def traffic(
    requests: int = 1000, errors: int = 0, latency: tuple[int, ...] = FAST, **classes: int
) -> Traffic:
    buckets = zip(BOUNDS, accumulate(latency), strict=True)
    return Traffic(requests, errors, classes, latency_of(buckets, sum(latency)))


def results(
    gates: str, canary: Traffic, baseline: Traffic, windows: int = 10
) -> dict[str, GateResult]:
    seen = Observation(shift(f"gates: {gates}").document.spec)
    for _ in range(windows):
        seen = seen.after(WindowPair(canary, baseline))
    return {each.gate: each for each in judged(seen)}


def test_an_equal_version_passes_every_gate() -> None:
    gates = (
        "{successRate: {min: 99}, latency: {max: 100ms, maxRatio: 1.5}, "
        "errorClasses: {timeout: 1, 5xx: 1}}"
    )
    found = results(gates, traffic(errors=2, timeout=2), traffic(errors=2))
    assert {each.verdict for each in found.values()} == {Verdict.PASS}
    assert set(found) == {
        "success-rate",
        "success-rate-baseline",
        "latency",
        "latency-baseline",
        "timeout",
        "5xx",
    }
    assert "99.80 % of 10,000 requests, cart-v1 99.80 %" in str(found["success-rate-baseline"])


def test_errors_fail_the_bound_and_the_comparison() -> None:
    found = results("{successRate: {min: 99}}", traffic(errors=50), traffic(errors=2))
    assert {each.verdict for each in found.values()} == {Verdict.FAIL}
    assert str(found["success-rate"]) == (
        "success-rate: fail, 95.00 % of 10,000 requests, at least 99 %"
    )


def test_a_baseline_with_the_same_errors_fails_only_the_bound() -> None:
    found = results("{successRate: {min: 99}}", traffic(errors=50), traffic(errors=50))
    assert found["success-rate"].verdict is Verdict.FAIL
    assert found["success-rate-baseline"].verdict is Verdict.PASS


def test_a_doubled_latency_fails_against_the_baseline_and_against_a_bound() -> None:
    found = results("{latency: {max: 40ms, maxRatio: 1.5}}", traffic(latency=SLOW), traffic())
    assert [each.verdict for each in found.values()] == [Verdict.FAIL, Verdict.FAIL]
    assert "p99 100 ms" in found["latency-baseline"].words


def test_errors_of_one_class_fail_its_gate_alone() -> None:
    gates = "{errorClasses: {timeout: 0.5, reset: 0.5}}"
    found = results(gates, traffic(errors=30, timeout=30), traffic())
    assert found["timeout"].verdict is Verdict.FAIL
    assert found["reset"].verdict is Verdict.PASS


def test_silence_and_few_requests_are_no_evidence() -> None:
    for requests in (0, 9):
        canary = traffic(requests, latency=(0,) * 6)
        found = results("{successRate: {min: 99}, latency: {max: 1s}}", canary, traffic())
        assert {each.verdict for each in found.values()} == {Verdict.UNKNOWN}


def test_what_looks_worse_by_chance_is_no_evidence_yet() -> None:
    found = results("{successRate: {min: 99}}", traffic(errors=11), traffic(errors=11), windows=1)
    assert found["success-rate"].verdict is Verdict.UNKNOWN


def test_tests_go_on_over_steps_and_sums_begin_anew() -> None:
    seen = Observation(shift("gates: {successRate: {min: 99}}").document.spec)
    seen = seen.after(WindowPair(traffic(errors=5), traffic())).at_next_step()
    assert (seen.canary.requests, seen.windows) == (0, 0)
    assert seen.tests
