"""The next action of a shift: a table of situations."""

from dataclasses import replace
from datetime import datetime

import pytest

from events.types import CommitFacts, CommitId, Signature
from gitmesh.shifts.decision import Action, Do, Situation, decide
from gitmesh.shifts.gate import GateResult, Verdict
from gitmesh.shifts.message import message
from gitmesh.shifts.progress import LineCommit, Progress, progress
from gitmesh.shifts.reading import Shift, path_of, read_shift
from reconciler.git.commit import trailers
from tests.gitmesh.shifts.documents import shift, text

NOON = datetime.fromisoformat("2026-12-01T12:00:00+00:00").timestamp()  # a Tuesday
ORIGIN, LAST = CommitId("a" * 40), CommitId("b" * 40)
AT_25 = Progress(ORIGIN, LAST, NOON, 25)
FAIL = GateResult("success-rate", Verdict.FAIL, "95.00 % of 1,000 requests, at least 99 %")
PASS = GateResult("success-rate", Verdict.PASS, "99.90 % of 1,000 requests, at least 99 %")
OPEN = GateResult("latency", Verdict.UNKNOWN, "no latency is reported")


def situation(*lines: str, state: str = "", after_s: float = 61, **facts: object) -> Situation:
    found = read_shift(path_of("cart-v2"), (text(*lines) + state).encode())
    assert isinstance(found, Shift), found
    usual = Situation(found.document, AT_25, 0.0, NOON + after_s, (PASS,), 1000)
    return replace(usual, **facts)  # type: ignore[arg-type]


BEGUN = Progress(ORIGIN, ORIGIN, NOON)


@pytest.mark.parametrize(
    ("now", "do", "step", "share"),
    [
        (situation(progress=BEGUN, after_s=0), Do.STEP, 1, 5),
        (situation(progress=BEGUN, share_at_start=30.0), Do.STEP, 3, 50),
        (situation(progress=BEGUN, share_at_start=100.0), Do.PROMOTE, 4, 100),
        (situation(), Do.STEP, 3, 50),
        (situation(progress=replace(AT_25, share=50)), Do.PROMOTE, 4, 100),
        (situation(results=()), Do.STEP, 3, 50),
    ],
)
def test_steps_are_made_in_order(now: Situation, do: Do, step: int, share: int) -> None:
    assert decide(now) == Action(do, "", step, share)


@pytest.mark.parametrize(
    ("now", "do", "reason"),
    [
        (situation(after_s=30), Do.WAIT, "the interval of the step"),
        (situation(results=(PASS, OPEN)), Do.WAIT, "latency: no latency is reported"),
        (situation(results=(OPEN,), canary_requests=7), Do.WAIT, "7 of 100 requests to cart-v2"),
        (situation(results=(OPEN,), canary_requests=0), Do.WAIT, "silence is not success"),
        (situation(results=(PASS, FAIL)), Do.ABORT, "success-rate: 95.00 %"),
        (situation(results=(FAIL,), after_s=1), Do.ABORT, "success-rate: 95.00 %"),
        (situation("onFailure: hold", results=(FAIL,)), Do.HOLD, "gate failed: success-rate"),
        (situation("onFailure: hold", state="hold: x\n", results=(FAIL,)), Do.WAIT, "held: x"),
        (situation(state="hold: lunch\n"), Do.WAIT, "held: lunch"),
        (situation(state="hold: lunch\n", results=(FAIL,)), Do.ABORT, "success-rate"),
        (situation(pinned="INC-7"), Do.WAIT, "serving is pinned: INC-7"),
        (situation(changed_by=LAST), Do.SUPERSEDE, "changed by commit bbbbbbb"),
        (situation(changed_by=LAST, results=(FAIL,)), Do.SUPERSEDE, "bbbbbbb"),
        (situation(state="ended: aborted\n"), Do.FINISHED, "aborted"),
        (situation(progress=replace(AT_25, ended="promoted")), Do.FINISHED, "promoted"),
    ],
)
def test_everything_else_says_why(now: Situation, do: Do, reason: str) -> None:
    found = decide(now)
    assert found.do is do
    assert reason in found.reason


def test_a_wait_says_when_it_ends() -> None:
    assert decide(situation(after_s=10)).until == NOON + 60
    night = situation('window: {from: "22:00", until: "02:00", days: [mon, wed]}')
    assert decide(night).until == datetime.fromisoformat("2026-12-02T22:00:00+00:00").timestamp()
    over_midnight = replace(night, now=NOON - 11 * 3600, progress=replace(AT_25, moved_at=0.0))
    assert decide(over_midnight).do is Do.STEP


def test_an_abort_does_not_wait_for_the_window() -> None:
    closed = situation('window: {from: "01:00", until: "02:00"}', results=(FAIL,))
    assert decide(closed).do is Do.ABORT


# ---- progress ----------------------------------------------------------------------------------

NOBODY = Signature("n", "n@localhost", "2026-12-01T12:00:00+00:00")


def commit(name: str, intent: str | None, told: str = "Subject\n") -> LineCommit:
    facts = CommitFacts(CommitId(name * 40), "", (), NOBODY, NOBODY, told, trailers(told))
    return LineCommit(facts, intent)


NOTHING = commit("0", None)


def told(do: Do, step: int = 0, share: int = 0) -> str:
    return message(shift(), Action(do, "why", step, share), AT_25, (PASS,), (10, 20))


def test_a_shift_that_has_made_no_step_begins_with_its_document() -> None:
    line = [commit("d", "x"), commit("c", "x"), commit("b", None), NOTHING]
    assert progress("cart-v2", line) == Progress(CommitId("c" * 40), CommitId("c" * 40), NOON)


def test_the_last_commit_of_the_shift_says_how_far_it_is() -> None:
    line = [commit("e", "x"), commit("d", "x", told(Do.STEP, 2, 25)), commit("c", "x"), NOTHING]
    assert progress("cart-v2", line) == Progress(ORIGIN, CommitId("d" * 40), NOON, 25)


def test_another_intent_begins_another_shift() -> None:
    line = [commit("e", "y"), commit("d", "x", told(Do.STEP, 2, 25)), NOTHING]
    found = progress("cart-v2", line)
    assert found is not None
    assert (found.origin, found.share) == ("e" * 40, 0)


def test_a_reverted_end_is_still_the_end() -> None:
    line = [
        commit("e", "x", 'Revert "…"\n'),
        commit("d", "x", told(Do.PROMOTE, 4, 100)),
        commit("c", "x"),
    ]
    found = progress("cart-v2", line)
    assert found is not None
    assert found.ended == "promoted"


def test_a_shift_that_is_started_again_begins_again() -> None:
    again = commit("f", "x", "Start\n\nGitmesh-Shift-Start: cart-v2\n")
    found = progress("cart-v2", [again, commit("e", "x", told(Do.ABORT)), NOTHING])
    assert found == Progress(CommitId("f" * 40), CommitId("f" * 40), NOON)


def test_trailers_of_other_shifts_do_not_count() -> None:
    line = [commit("d", "x", told(Do.STEP, 2, 25)), commit("c", None), NOTHING]
    found = progress("other", line)
    assert found is not None
    assert found.share == 0


def test_a_step_tells_people_and_programs_what_was_seen() -> None:
    assert told(Do.STEP, 2, 25).splitlines() == [
        "Shift cart/all to cart-v2 25 % (2/4)",
        "",
        "why",
        "",
        "Gitmesh-Shift: cart-v2",
        "Gitmesh-Step: 2/4 25%",
        "Gitmesh-Gate: success-rate: pass, 99.90 % of 1,000 requests, at least 99 %",
        "Gitmesh-Requests: canary=10 baseline=20",
        f"Gitmesh-Origin: {ORIGIN}",
    ]
