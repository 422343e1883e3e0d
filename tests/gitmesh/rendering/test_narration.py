"""Narration of events as text."""

from dataclasses import replace

import pytest

from events.types import (
    Cause,
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    Event,
    FieldChange,
    HistoryRewritten,
    ProxiesFlapped,
    ProxyConnected,
    ProxyDisconnected,
    PushReceived,
    PushRefused,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    Seq,
    ServingPinned,
    ServingReleased,
    Signature,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    TrafficShifted,
    WeightChange,
    WorkerResponsive,
    WorkerUnresponsive,
)
from gitmesh.rendering.narration import narrate, problem_lines, shares
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey

COMMIT = CommitId("a1b2c3d4" * 5)
OTHER = CommitId("0f0f0f0f" * 5)
ADA = Signature("Ada", "ada@shop.example", "2026-11-23T03:12:00+01:00")
FACTS = CommitFacts(COMMIT, "7" * 40, (), ADA, ADA, "Shift the cart\n\nAt last.\n")
ROUTE = ResourceKey.of(Kind.ROUTE, "shop", "all", "cart")
NODE = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")


def weights(**changes: tuple[int, int]) -> tuple[WeightChange, ...]:
    return tuple(WeightChange(n.replace("_", "-"), None, *w) for n, w in changes.items())


SENTENCES: list[tuple[Event, str]] = [
    (
        TrafficShifted(ROUTE, COMMIT, {}, "r.yaml", weights(cart_v1=(90, 75), cart_v2=(10, 25))),
        "route cart/all: cart-v2 10 % → 25 %, cart-v1 90 % → 75 %",
    ),
    (ResourceAdded(NODE, COMMIT, {}, "web.yaml"), "virtual node web: added in web.yaml"),
    (ResourceRemoved(NODE, COMMIT), "virtual node web: removed"),
    (
        CommitApplied(replace(FACTS, reverts=(OTHER,)), OTHER, 1),
        "applied “Shift the cart” by Ada: 1 change; reverts 0f0f0f0; restores the mesh of 0f0f0f0",
    ),
    (
        PushReceived("refs/heads/main", COMMIT, OTHER, "ada", "ssh", "git", "", ("a=b",), 2),
        "ada pushed main by ssh (a=b, and 2 more options)",
    ),
    (
        PushReceived("refs/heads/main", COMMIT, OTHER, "ada", "local", "ada", "", (), 0),
        "ada pushed main on this machine",
    ),
    (
        PushReceived(
            "refs/heads/main", CommitId(""), OTHER, "ada", "http", "git", "Bob <b@x>", (), 0
        ),
        "ada deleted main by http, claiming to be Bob <b@x>",
    ),
    (
        ServingPinned(COMMIT, Seq(5), "ada", "INC-7", "2026-11-23T11:30:00Z"),
        "PINNED to a1b2c3d by ada until 2026-11-23T11:30:00Z: INC-7",
    ),
    (ServingReleased(COMMIT, "expired", "", ""), "pin of a1b2c3d expired"),
    (ServingReleased(COMMIT, "released", "ada", "over"), "pin of a1b2c3d released by ada: over"),
    (
        ResourceChanged(
            NODE,
            COMMIT,
            {},
            "web.yaml",
            tuple(FieldChange(f"$.listeners[{i}].portMapping.port", i, None) for i in range(4)),
        ),
        "virtual node web: listeners[0].portMapping.port 0 → (absent), "
        "listeners[1].portMapping.port 1 → (absent), "
        "listeners[2].portMapping.port 2 → (absent), and 1 more",
    ),
    (CommitApplied(FACTS, changes=2), "applied “Shift the cart” by Ada: 2 changes"),
    (
        CommitApplied(FACTS, OTHER, 1, ({},)),
        "applied “Shift the cart” by Ada: 1 change, 1 warning; restores the mesh of 0f0f0f0",
    ),
    (
        CommitRejected(
            FACTS,
            (
                {
                    "path": "routes/cart.yaml",
                    "line": 7,
                    "severity": "error",
                    "code": "dangling-reference",
                    "message": "no virtual node named cart-v3",
                    "hint": "did you mean cart-v2?",
                },
            ),
            omitted=4,
        ),
        "REJECTED “Shift the cart” by Ada: 5 problems\n"
        "routes/cart.yaml:7: error[dangling-reference]: no virtual node named cart-v3\n"
        "  hint: did you mean cart-v2?\n"
        "… and 4 more",
    ),
    (
        HistoryRewritten(COMMIT, OTHER, None, (COMMIT,), "rewritten"),
        "history was rewritten (rewritten): a1b2c3d → 0f0f0f0, 1 commit dropped\ndropped: a1b2c3d",
    ),
    (SnapshotPublished(COMMIT, Seq(3), ("n",), 2), "offered to 2 proxies of 1 node"),
    (
        SnapshotConverged(COMMIT, 1, {"acked": 84321}),
        "1 proxy in sync, 84 ms after the branch moved",
    ),
    (
        SnapshotConverged(COMMIT, 2, {"acked": 3600}, Cause.PIN),
        "2 proxies in sync, 3.6 ms after the pin",
    ),
    (
        SnapshotConverged(COMMIT, 2, {"acked": 3600}, Cause.RELEASE),
        "2 proxies in sync, 3.6 ms after the pin ended",
    ),
    (
        SnapshotConverged(COMMIT, 2, {"acked": 3600}, Cause.UNKNOWN),
        "2 proxies in sync after 3.6 ms",
    ),
    (SnapshotPublished(COMMIT, Seq(3), (), 0), "affects no connected proxy"),
    (SnapshotConverged(COMMIT, 0, {"seen": 3}), "in force: no proxy needs an update"),
    (SnapshotConverged(COMMIT, 1), "1 proxy in sync"),
    (
        SnapshotRejected(COMMIT, "mesh/shop/virtualNode/web", "type.x/envoy.Listener", "v", "bad"),
        "mesh/shop/virtualNode/web REFUSED its Listeners: bad",
    ),
    (ProxyConnected("n", "p#1", "envoy 1.40"), "n: proxy p#1 connected (envoy 1.40)"),
    (ProxyDisconnected("n", "p#1", "gone"), "n: proxy p#1 disconnected: gone"),
    (
        ProxiesFlapped("n", COMMIT, "2026-11-23T08:20:00Z", 1212, 3),
        "n: 1,212 connects and 3 disconnects since 2026-11-23T08:20:00Z, summarized",
    ),
    (
        WorkerUnresponsive(2, 4711, 40),
        "worker 2 (process 4711) does not answer; its 40 proxies keep their configuration",
    ),
    (
        WorkerUnresponsive(2, 4711, 1),
        "worker 2 (process 4711) does not answer; its 1 proxy keeps its configuration",
    ),
    (WorkerResponsive(2, "answers"), "worker 2 answers again"),
    (
        WorkerResponsive(2, "ended"),
        "worker 2, which did not answer, has ended and is replaced",
    ),
    (SourceDegraded("branch-missing", "no main"), "cannot follow the repository: no main"),
    (
        SourceRecovered("branch-missing"),
        "following the repository again (branch-missing is over)",
    ),
]


@pytest.mark.parametrize(
    ("event", "sentence"),
    SENTENCES,
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else "",
)
def test_every_kind_of_event_has_a_sentence(event: Event, sentence: str) -> None:
    assert narrate(event) == sentence


EVIL = "a\x1b]0;owned\x07\x08\x7f\x9b2J\u202e\u2028\n    mesh 99    forged\r\t"
SHOWN = r"a\x1b]0;owned\x07\x08\x7f\x9b2J\u202e\u2028\n    mesh 99    forged\r\t"
EVIL_ADA = Signature(EVIL, EVIL, "2026-11-23T03:12:00+01:00")
EVIL_FACTS = CommitFacts(COMMIT, "7" * 40, (), EVIL_ADA, EVIL_ADA, "b\x1b[2K\x9b\u2066\rforged")
EVIL_NODE = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", EVIL)
EVIL_PROBLEM: JsonObject = dict.fromkeys(("path", "severity", "code", "message", "hint"), EVIL)
ATTACKS: list[tuple[Event, int]] = [
    (CommitApplied(EVIL_FACTS), 1),
    (CommitRejected(EVIL_FACTS, (EVIL_PROBLEM,)), 3),
    (HistoryRewritten(COMMIT, OTHER, None, (COMMIT,), EVIL), 2),
    (ResourceAdded(EVIL_NODE, COMMIT, {}, EVIL), 1),
    (ResourceRemoved(EVIL_NODE, COMMIT), 1),
    (ResourceChanged(NODE, COMMIT, {}, "", (FieldChange(f"$.{EVIL}", EVIL, None),)), 1),
    (TrafficShifted(ROUTE, COMMIT, {}, "", (WeightChange(EVIL, None, 1, 0),)), 1),
    (SnapshotRejected(COMMIT, EVIL, f"x.{EVIL}", "v", EVIL), 1),
    (ProxyConnected(EVIL, EVIL, EVIL), 1),
    (ProxyDisconnected(EVIL, EVIL, EVIL), 1),
    (SourceDegraded(EVIL, EVIL), 1),
    (SourceRecovered(EVIL), 1),
    (
        PushRefused(
            EVIL,
            COMMIT,
            OTHER,
            EVIL,
            EVIL,
            EVIL,
            EVIL,
            options=(EVIL,),
            omitted=1,
            reason="problems",
            commits=(COMMIT,),
            problems=(EVIL_PROBLEM,),
            more_problems=1,
            unrecorded=1,
        ),
        5,
    ),
    (PushRefused(EVIL, COMMIT, OTHER, EVIL, EVIL, EVIL, EVIL, (), 0, EVIL), 1),
]


@pytest.mark.parametrize(("event", "lines"), ATTACKS, ids=lambda v: type(v).__name__)
def test_nothing_that_others_wrote_steers_a_terminal_or_forges_a_line(
    event: Event, lines: int
) -> None:
    told = narrate(event)
    assert len(told.splitlines()) == lines
    assert not set(told) & set("\x1b\x07\x08\x7f\x9b\u202e\u2028\u2066\r\t")
    assert r"\x9b" in told


def test_problems_out_of_the_log_steer_nothing_wherever_they_are_shown() -> None:
    lines = problem_lines((EVIL_PROBLEM,))
    assert lines == [f"{SHOWN}: {SHOWN}[{SHOWN}]: {SHOWN}", f"  hint: {SHOWN}"]


def test_shares_are_relative_to_their_sum_and_what_stays_is_left_out() -> None:
    changed = weights(a=(1, 2), b=(1, 2), c=(1, 2))
    assert shares(changed) == ""
    assert shares(weights(a=(1, 1), b=(0, 2))) == "b 0 % → 66.7 %, a 100 % → 33.3 %"
    assert shares(weights(a=(0, 1))) == "a 0 % → 100 %"
