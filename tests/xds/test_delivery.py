"""What the delivery chain is told of commits, refusals, comings and goings."""

import asyncio
from collections.abc import Sequence

import pytest

from events.publication import Publication
from events.state import MeshState
from events.types import (
    CommitId,
    DeliveryEvent,
    ProxyConnected,
    ProxyDisconnected,
    Seq,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
    SourceRecovered,
)
from mesh.errors import Retryable
from xds.delivery import Delivery
from xds.recorder import Recorder

MS = 1_000_000
MINUTE = 60_000 * MS


def publication(commit: str, *, moved: int | None = 0) -> Publication:
    state = MeshState(Seq(7), CommitId(commit), CommitId(commit))
    return Publication(state, moved_ns=moved, seen_ns=2 * MS, planned_ns=5 * MS)


def publish(delivery: Delivery, commit: str, **streams: int) -> list[DeliveryEvent]:
    delivery.begin(publication(commit))
    for node, stream in streams.items():
        delivery.offered(stream, node)
    return delivery.published(6 * MS)


def test_a_commit_is_published_to_nodes_and_converges_with_the_last_ack() -> None:
    delivery = Delivery()
    assert publish(delivery, "c1", web=1, cart=2) == [
        SnapshotPublished(CommitId("c1"), Seq(7), ("cart", "web"), 2)
    ]
    delivery.wrote(1, 7 * MS)
    delivery.wrote(2, 8 * MS)
    assert delivery.arrived(1, 9 * MS) == []
    assert delivery.arrived(2, 10 * MS) == [
        SnapshotConverged(
            CommitId("c1"), 2, {"seen": 2000, "planned": 5000, "written": 8000, "acked": 10000}
        )
    ]
    assert delivery.arrived(2, 11 * MS) == [], "once"


def test_proxies_that_answer_before_all_are_offered_it_do_not_end_it_early() -> None:
    delivery = Delivery()
    delivery.begin(publication("c1"))
    delivery.offered(1, "web")
    delivery.wrote(1, 6 * MS)
    assert delivery.arrived(1, 7 * MS) == []
    published, converged = delivery.published(8 * MS)
    assert isinstance(published, SnapshotPublished)
    assert isinstance(converged, SnapshotConverged)


def test_a_commit_that_concerns_nobody_converges_at_once() -> None:
    assert publish(Delivery(), "c1") == [
        SnapshotPublished(CommitId("c1"), Seq(7), (), 0),
        SnapshotConverged(CommitId("c1"), 0, {"seen": 2000, "planned": 5000}),
    ]


def test_a_newer_commit_takes_the_place_of_one_that_has_not_converged() -> None:
    delivery = Delivery()
    publish(delivery, "c1", web=1)
    publish(delivery, "c2", web=1)
    (converged,) = delivery.arrived(1, 9 * MS)
    assert isinstance(converged, SnapshotConverged)
    assert converged.commit == "c2"


def test_a_proxy_that_leaves_is_waited_for_no_longer() -> None:
    delivery = Delivery()
    publish(delivery, "c1", web=1)
    (converged,) = delivery.disconnected(1, "web", "peer", "gone", 9 * MS)
    assert isinstance(converged, SnapshotConverged)


def test_times_are_told_only_when_somebody_saw_the_branch_move() -> None:
    delivery = Delivery()
    delivery.begin(publication("c1", moved=None))
    _, converged = delivery.published(6 * MS)
    assert converged == SnapshotConverged(CommitId("c1"), 0, {})


def test_a_clock_that_steps_back_makes_no_negative_times() -> None:
    delivery = Delivery()
    delivery.begin(publication("c1", moved=50 * MS))
    _, converged = delivery.published(6 * MS)
    assert isinstance(converged, SnapshotConverged)
    assert converged.timings == {"seen": 0, "planned": 0}


def test_a_refusal_is_told_once_for_each_content_of_a_node() -> None:
    delivery = Delivery()
    refusal = ("web", CommitId("c1"), "type", "v1", "no")
    assert delivery.refused(*refusal) == [
        SnapshotRejected(CommitId("c1"), "web", "type", "v1", "no")
    ]
    assert delivery.refused(*refusal) == [], "fifty proxies of one node say the same"
    assert len(delivery.refused("cart", CommitId("c1"), "type", "v1", "no")) == 1
    assert len(delivery.refused("web", CommitId("c2"), "type", "v2", "no")) == 1


def test_a_flood_of_connects_is_not_told_and_neither_are_their_ends() -> None:
    delivery = Delivery()
    told = [e for n in range(3000) for e in delivery.connected(n, "web", f"p{n}", "envoy", 0)]
    assert len(told) == 1000
    assert delivery.withheld == 2000
    assert delivery.disconnected(5, "web", "p5", "gone", 0) == [
        ProxyDisconnected("web", "p5", "gone")
    ]
    assert delivery.disconnected(2500, "web", "p2500", "gone", 0) == []
    assert delivery.connected(9000, "web", "p", "envoy", MINUTE) == [
        ProxyConnected("web", "p", "envoy")
    ]


def test_a_flood_of_invented_nodes_is_not_told_either() -> None:
    delivery = Delivery()
    told = [e for n in range(12_000) for e in delivery.connected(n, f"node{n}", "p", "envoy", 0)]
    assert len(told) == 10_000


# ---- the recorder --------------------------------------------------------------------------------


def event(number: int) -> SourceRecovered:
    return SourceRecovered(str(number))


def test_events_are_appended_in_order_and_in_batches_and_none_is_left_behind() -> None:
    batches: list[Sequence[DeliveryEvent]] = []

    async def scenario() -> None:
        recorder = Recorder(batches.append)
        running = asyncio.create_task(recorder.run())
        recorder.record(event(n) for n in range(3))
        await asyncio.sleep(0.02)
        recorder.record(event(n) for n in range(3, 1500))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scenario())
    assert [e for batch in batches for e in batch] == [event(n) for n in range(1500)]
    assert 2 <= len(batches) < 10


def test_a_log_that_cannot_take_events_yet_gets_them_later() -> None:
    taken: list[DeliveryEvent] = []
    refusals = [Retryable("locked")]

    def append(batch: Sequence[DeliveryEvent]) -> None:
        if refusals:
            raise refusals.pop()
        taken.extend(batch)

    async def scenario() -> None:
        recorder = Recorder(append, patience_s=0.01)
        running = asyncio.create_task(recorder.run())
        recorder.record([event(1), event(2)])
        await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
    assert taken == [event(1), event(2)]


def test_a_log_that_is_broken_ends_the_recorder() -> None:
    def append(batch: Sequence[DeliveryEvent]) -> None:
        raise ValueError("broken")

    async def scenario() -> None:
        recorder = Recorder(append)
        recorder.record([event(1)])
        with pytest.raises(ValueError, match="broken"):
            await recorder.run()

    asyncio.run(scenario())


def test_what_finds_no_room_is_lost_and_counted() -> None:
    async def scenario() -> None:
        recorder = Recorder(lambda batch: None, room=10)
        recorder.record(event(n) for n in range(25))
        assert recorder.lost == 15

    asyncio.run(scenario())
