"""What the tables say of proxies, nodes and snapshots after what the delivery chain tells."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from events.store import EventStore
from events.types import (
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
)
from tests.support.histories import commit_id
from tests.support.logs import projection_rows

ONE, TWO = commit_id(1), commit_id(2)
COMING: list[DeliveryEvent] = [
    ProxyConnected("web", "a", "envoy", commit=ONE),
    ProxyConnected("web", "b", "envoy", commit=ONE),
    ProxyConnected("cart", "c", "envoy", ProxyState.HELD, ONE),
]


def rows(path: Path, log: EventStore, events: Sequence[DeliveryEvent]) -> dict[str, list[object]]:
    """Append events; return of each proxy its state and commit, and of each node all."""
    for event in events:
        log.append_observed([event])
    found = projection_rows(path)
    log.rebuild()
    assert projection_rows(path) == found
    return {
        "proxies": [(row[0], row[4], row[5]) for row in found["proxies"]],
        "nodes": list(found["nodes"]),
        "snapshots": list(found["snapshots"]),
        "sources": list(found["sources"]),
    }


def test_those_whom_a_commit_concerns_are_behind_until_it_has_converged(
    path: Path, log: EventStore
) -> None:
    published = rows(path, log, [*COMING, SnapshotPublished(TWO, Seq(9), ("web",), 2)])
    assert published["proxies"] == [("a", "behind", TWO), ("b", "behind", TWO), ("c", "held", ONE)]
    late: list[DeliveryEvent] = [
        ProxyConnected("web", "d", "envoy", commit=TWO),
        SnapshotConverged(TWO, 2),
    ]
    converged = rows(path, log, late)
    assert converged["proxies"] == [
        ("a", "in-sync", TWO),
        ("b", "in-sync", TWO),
        ("c", "held", ONE),
        ("d", "behind", TWO),
    ], "one that came meanwhile is told of by itself"
    assert converged["nodes"] == [("web", 9, TWO, None)]
    assert converged["snapshots"] == [(4, TWO, 9, 6)]


def test_a_commit_whose_proxies_all_left_was_accepted_by_nobody(
    path: Path, log: EventStore
) -> None:
    found = rows(
        path,
        log,
        [
            *COMING,
            SnapshotPublished(TWO, Seq(9), ("web",), 2),
            ProxyDisconnected("web", "a", "crashed"),
            ProxyDisconnected("web", "b", "crashed"),
            SnapshotConverged(TWO, 2),
        ],
    )
    assert found["proxies"] == [("c", "held", ONE)]
    assert found["nodes"] == []


def test_a_refusal_stands_until_another_proxy_of_the_node_accepts(
    path: Path, log: EventStore
) -> None:
    refused = rows(
        path,
        log,
        [
            *COMING,
            ProxiesSettled(ONE, Seq(5), in_sync=("a", "b")),
            SnapshotPublished(TWO, Seq(9), ("web",), 2),
            SnapshotRejected(TWO, "web", "type", "v", "no", "a"),
            ProxiesSettled(TWO, Seq(9), last_accepted=("b",)),
        ],
    )
    assert refused["proxies"][:2] == [("a", "refused", TWO), ("b", "last-accepted", TWO)]
    assert refused["nodes"] == [("web", 5, ONE, 6)]
    accepted = rows(path, log, [ProxiesSettled(TWO, Seq(9), in_sync=("b",))])
    assert accepted["proxies"][:2] == [("a", "refused", TWO), ("b", "in-sync", TWO)]
    assert accepted["nodes"] == [("web", 9, TWO, None)]


def test_who_came_and_went_in_sum_is_connected_or_not_as_if_told_one_by_one(
    path: Path, log: EventStore
) -> None:
    sum_of = ProxiesFlapped(
        "web", TWO, "2026-01-01T00:00:00Z", 7, 8, (("z", "envoy", "behind"),), ("a",), "gone"
    )
    found = rows(path, log, [*COMING, sum_of])
    assert found["proxies"] == [("b", "behind", ONE), ("c", "held", ONE), ("z", "behind", TWO)]


def test_a_server_that_starts_finds_nobody_connected(path: Path, log: EventStore) -> None:
    found = rows(path, log, [*COMING, ServerStarted("1.0")])
    assert found["proxies"] == []


@pytest.mark.parametrize("over", [False, True])
def test_a_source_is_degraded_until_it_has_recovered(
    path: Path, log: EventStore, over: bool
) -> None:
    events: list[DeliveryEvent] = [SourceDegraded("branch-gone", "main is gone")]
    found = rows(path, log, events + [SourceRecovered("branch-gone")] * over)
    assert found["sources"] == ([] if over else [("branch-gone", 1)])
