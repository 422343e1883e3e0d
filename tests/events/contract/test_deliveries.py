"""Queries about proxies and deliveries after events of the delivery chain."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from events.store import EventStore
from events.types import (
    Chain,
    DeliveryEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    Seq,
    ServerStarted,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)
from tests.support.clock import Clock
from tests.support.histories import commit_id, facts
from tests.support.logs import NODE, ROUTE, SHORT_HISTORY, fill

ONE, TWO = commit_id(1), commit_id(2)
COMING: list[DeliveryEvent] = [
    ProxyConnected("web", "a", "envoy", commit=ONE),
    ProxyConnected("web", "b", "envoy", commit=ONE),
    ProxyConnected("cart", "c", "envoy", ProxyState.HELD, ONE),
]


class Found(NamedTuple):
    proxies: list[tuple[str, str, str]]
    """Name, state and commit of each."""
    accepted: dict[str, Seq]
    """Of each node the newest mesh position that it accepted, where it did."""
    refused: list[str]
    """Nodes with a refusal that stands."""
    degraded: list[str]


def found_by(log: EventStore) -> Found:
    fleet, past = log.fleet(), log.past()
    accepted = {node: past.accepted(node) for node in ("web", "cart")}
    return Found(
        [(proxy.name, proxy.state.value, proxy.commit) for proxy in fleet.proxies()],
        {node: seq for node, seq in accepted.items() if seq is not None},
        sorted(past.refusals()),
        [event.reason for _, event in fleet.degraded()],
    )


def found_after(log: EventStore, events: Sequence[DeliveryEvent]) -> Found:
    """Append events one by one; what is derived anew from them is the same."""
    for event in events:
        log.append_observed([event])
    found = found_by(log)
    log.rebuild()
    assert found_by(log) == found
    return found


def test_those_whom_a_commit_concerns_are_behind_until_it_has_converged(log: EventStore) -> None:
    published = found_after(log, [*COMING, SnapshotPublished(TWO, Seq(9), ("web",), 2)])
    assert published.proxies == [("c", "held", ONE), ("a", "behind", TWO), ("b", "behind", TWO)]
    [delivered] = log.fleet().deliveries(TWO)
    assert (delivered.published.mesh_seq, delivered.converged) == (9, None)
    late: list[DeliveryEvent] = [
        ProxyConnected("web", "d", "envoy", commit=TWO),
        SnapshotConverged(TWO, 2),
    ]
    converged = found_after(log, late)
    assert converged.proxies == [
        ("c", "held", ONE),
        ("a", "in-sync", TWO),
        ("b", "in-sync", TWO),
        ("d", "behind", TWO),
    ], "one that came meanwhile is told of by itself"
    assert (converged.accepted, converged.refused) == ({"web": 9}, [])
    [delivered] = log.fleet().deliveries(TWO)
    assert delivered.converged == SnapshotConverged(TWO, 2)
    assert log.fleet().deliveries(ONE) == []


def test_a_commit_that_the_next_one_overtook_says_so(log: EventStore) -> None:
    for seq, commit in enumerate((ONE, TWO), 1):
        log.append_observed([SnapshotPublished(commit, Seq(seq), ("web",), 1)])
    [first], [second] = log.fleet().deliveries(ONE), log.fleet().deliveries(TWO)
    assert (first.overtaken_by, second.overtaken_by) == (TWO, None)


def test_each_time_that_a_commit_was_published_is_told_in_order(log: EventStore) -> None:
    for seq, commit in ((1, ONE), (2, TWO), (1, ONE), (1, ONE)):
        log.append_observed([SnapshotPublished(commit, Seq(seq), ("web",), 1)])
    log.append_observed([SnapshotConverged(ONE, 1)])
    first, again, last = log.fleet().deliveries(ONE)
    assert [each.overtaken_by for each in (first, again, last)] == [TWO, None, None]
    assert [each.converged is None for each in (first, again, last)] == [True, True, False]
    assert first.published_at < again.published_at < last.published_at


def test_a_commit_whose_proxies_all_left_was_accepted_by_nobody(log: EventStore) -> None:
    found = found_after(
        log,
        [
            *COMING,
            SnapshotPublished(TWO, Seq(9), ("web",), 2),
            ProxyDisconnected("web", "a", "crashed"),
            ProxyDisconnected("web", "b", "crashed"),
            SnapshotConverged(TWO, 2),
        ],
    )
    assert found.proxies == [("c", "held", ONE)]
    assert (found.accepted, found.refused) == ({}, [])


def test_a_refusal_stands_until_another_proxy_of_the_node_accepts(log: EventStore) -> None:
    refusal = SnapshotRejected(TWO, "web", "type", "v", "no", "a")
    refused = found_after(
        log,
        [
            *COMING,
            ProxiesSettled(ONE, Seq(5), in_sync=("a", "b")),
            SnapshotPublished(TWO, Seq(9), ("web",), 2),
            refusal,
            ProxiesSettled(TWO, Seq(9), last_accepted=("b",)),
        ],
    )
    assert refused.proxies[1:] == [("a", "refused", TWO), ("b", "last-accepted", TWO)]
    assert (refused.accepted, refused.refused) == ({"web": 5}, ["web"])
    assert [proxy.refusal for proxy in log.fleet().proxies()] == [None, refusal, refusal]
    accepted = found_after(log, [ProxiesSettled(TWO, Seq(9), in_sync=("b",))])
    assert accepted.proxies[1:] == [("a", "refused", TWO), ("b", "in-sync", TWO)]
    assert (accepted.accepted, accepted.refused) == ({"web": 9}, [])
    assert log.fleet().refusals(TWO) == [refusal], "what was refused stays known"
    assert log.fleet().refusals(ONE) == []


def test_who_came_and_went_in_sum_is_connected_or_not_as_if_told_one_by_one(
    log: EventStore,
) -> None:
    sum_of = ProxiesFlapped(
        "web", TWO, "2026-01-01T00:00:00Z", 7, 8, (("z", "envoy", "behind"),), ("a",), "gone"
    )
    found = found_after(log, [*COMING, sum_of])
    assert found.proxies == [("c", "held", ONE), ("b", "behind", ONE), ("z", "behind", TWO)]
    assert log.connected_nodes() == {"cart": 1, "web": 2}


def test_a_server_that_starts_finds_nobody_connected(log: EventStore) -> None:
    assert log.fleet().started_at() == ""
    assert found_after(log, [*COMING, ServerStarted("1.0")]).proxies == []
    assert log.connected_nodes() == {}
    assert log.fleet().started_at() == [r.at for r in log.read(Chain.DELIVERY)][-1]


@pytest.mark.parametrize("over", [False, True])
def test_a_source_is_degraded_until_it_has_recovered(log: EventStore, over: bool) -> None:
    events: list[DeliveryEvent] = [SourceDegraded("branch-gone", "main is gone")]
    found = found_after(log, events + [SourceRecovered("branch-gone")] * over)
    assert found.degraded == ([] if over else ["branch-gone"])


@pytest.mark.parametrize("over", [False, True])
def test_a_worker_is_unresponsive_until_it_answers(log: EventStore, over: bool) -> None:
    silent = WorkerUnresponsive(2, 4711, 30)
    log.append_observed([silent, *[WorkerResponsive(2, "answers")] * over])
    assert [event for _, event in log.fleet().unresponsive()] == ([] if over else [silent])


# ---- earlier meshes -----------------------------------------------------------------------------


def test_the_way_back_holds_what_differs_and_nothing_else(log: EventStore) -> None:
    fill(log, SHORT_HISTORY)
    past = log.past()
    assert past.way_back(Seq(7), Seq(3)) == {NODE: {"backends": []}, ROUTE: {"priority": 1}}
    assert past.way_back(Seq(7), Seq(5)) == {NODE: {"backends": []}}
    assert past.way_back(Seq(3), Seq(1)) == {NODE: None, ROUTE: None}
    assert past.before(Seq(7), 5) == (5, 3)
    assert past.before(Seq(7), 1) == (5,)


def test_a_commit_is_passed_over_when_a_later_one_was_served_instead(
    log: EventStore, clock: Clock
) -> None:
    commits = [facts(number).commit for number in (1, 2, 3)]
    log.append_observed([ServerStarted("1.0")])
    clock.move(hours=1)
    fill(log, SHORT_HISTORY)
    log.append_observed([SnapshotPublished(commits[2], Seq(7), (), 0)])
    assert [log.served_instead_of(c) for c in commits] == [commits[1], commits[2], None]


def test_where_no_server_wrote_the_log_no_commit_is_passed_over(log: EventStore) -> None:
    fill(log, SHORT_HISTORY)
    assert [log.served_instead_of(facts(number).commit) for number in (1, 2, 3)] == [None] * 3
