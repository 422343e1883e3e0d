"""Events of the delivery chain: commits, refusals, connects and disconnects."""

import asyncio
from collections.abc import Sequence

import pytest

from events.types import (
    CommitId,
    DeliveryEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    Seq,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    SourceRecovered,
)
from mesh.errors import Retryable
from tests.support.delivery_log import MS, ONE, DeliveryLog
from xds.delivery.commit_delivery import DELAYED_AFTER_S
from xds.delivery.delivery_tracker import SETTLE_S
from xds.delivery.recorder import Recorder
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    Explained,
    FellBack,
    Finished,
    Offered,
    Refused,
    Synced,
    Written,
)

MINUTE = 60_000 * MS
SEQ = Seq(7)


class Delivery(DeliveryLog):
    """The delivery of commits by one server, whose streams connect when they are first named."""

    def __init__(self) -> None:
        super().__init__(ONE)
        self._known: set[int] = set()

    def begin_commit(self, commit: str, moved: int | None = 0) -> None:
        self.begin(SEQ, commit, moved, 2 * MS, 5 * MS)

    def connected(
        self, stream: int, node: str = "web", proxy: str = "p", at_ns: int = 0
    ) -> list[DeliveryEvent]:
        self._known.add(stream)
        return self.tell(ONE, Connected(stream, node, proxy, "envoy", at_ns))

    def offered(self, stream: int, node: str) -> None:
        if stream not in self._known:
            self.connected(stream, node, f"p{stream}")
        assert self.tell(ONE, Offered(stream, node, SEQ)) == []

    def written(self, stream: int, at_ns: int) -> None:
        assert self.tell(ONE, Written(stream, at_ns)) == []

    def synced(self, stream: int, at_ns: int) -> list[DeliveryEvent]:
        return self.tell(ONE, Synced(stream, at_ns))

    def refused(self, stream: int, fact: Refused) -> None:
        assert self.tell(ONE, fact._replace(stream=stream)) == []

    def explained(self, fact: Explained) -> list[DeliveryEvent]:
        return self.tell(ONE, fact)

    def disconnected(self, stream: int, reason: str) -> list[DeliveryEvent]:
        return self.tell(ONE, Disconnected(stream, reason, 0))

    def published(self, at_ns: int) -> list[DeliveryEvent]:
        return self.tell(ONE, Finished(SEQ, at_ns))

    @property
    def withheld(self) -> int:
        """Return of how many nodes connects are withheld."""
        return self.tracker._statuses.withheld

    def settled(self, now_ns: int = 0) -> list[DeliveryEvent]:
        """Return what is recorded of proxies' states, at this time."""
        self.now_ns = now_ns
        return self.pass_time(60.0 if now_ns else SETTLE_S)


def publish(delivery: Delivery, commit: str, **streams: int) -> list[DeliveryEvent]:
    delivery.begin_commit(commit)
    for node, stream in streams.items():
        delivery.offered(stream, node)
    return delivery.published(6 * MS)


def settled(commit: str, **proxies: tuple[str, ...]) -> list[DeliveryEvent]:
    """Return the event that these proxies are in these states."""
    return [ProxiesSettled(CommitId(commit), Seq(1) if commit == "c0" else SEQ, **proxies)]


def test_a_commit_is_published_to_nodes_and_converges_with_the_last_ack() -> None:
    delivery = Delivery()
    assert publish(delivery, "c1", web=1, cart=2) == [
        SnapshotPublished(CommitId("c1"), Seq(7), ("cart", "web"), 2)
    ]
    delivery.written(1, 7 * MS)
    delivery.written(2, 8 * MS)
    assert delivery.synced(1, 9 * MS) == []
    assert delivery.synced(2, 10 * MS) == [
        SnapshotConverged(
            CommitId("c1"), 2, {"seen": 2000, "planned": 5000, "written": 8000, "acked": 10000}
        )
    ]
    assert delivery.synced(2, 11 * MS) == [], "once"


def test_proxies_that_answer_before_all_are_offered_it_do_not_end_it_early() -> None:
    delivery = Delivery()
    delivery.begin_commit("c1")
    delivery.offered(1, "web")
    delivery.written(1, 6 * MS)
    assert delivery.synced(1, 7 * MS) == []
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
    (converged,) = delivery.synced(1, 9 * MS)
    assert isinstance(converged, SnapshotConverged)
    assert converged.commit == "c2"


def test_a_proxy_that_leaves_is_waited_for_no_longer() -> None:
    delivery = Delivery()
    publish(delivery, "c1", web=1)
    _, converged = delivery.disconnected(1, "gone")
    assert isinstance(converged, SnapshotConverged)
    assert converged.proxies == 0, "nobody has it"
    assert "acked" not in converged.timings


def test_who_leaves_before_it_has_a_commit_is_not_among_those_in_sync() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web")
    publish(delivery, "c1", web=1)
    delivery.begin_commit("c2")
    for stream in (1, 2):
        delivery.offered(stream, "web")
    delivery.published(6 * MS)
    delivery.synced(1, 8 * MS)
    left, converged = delivery.disconnected(2, "gone")
    assert isinstance(left, ProxyDisconnected)
    assert isinstance(converged, SnapshotConverged)
    assert (converged.proxies, converged.timings["acked"]) == (1, 8_000)


def test_times_are_told_only_when_somebody_saw_the_branch_move() -> None:
    delivery = Delivery()
    delivery.begin_commit("c1", moved=None)
    _, converged = delivery.published(6 * MS)
    assert converged == SnapshotConverged(CommitId("c1"), 0, {})


def test_a_clock_that_steps_back_makes_no_negative_times() -> None:
    delivery = Delivery()
    delivery.begin_commit("c1", moved=50 * MS)
    _, converged = delivery.published(6 * MS)
    assert isinstance(converged, SnapshotConverged)
    assert converged.timings == {"seen": 0, "planned": 0}


def refusal(stream: int, node: str = "web", version: str = "v1") -> Refused:
    return Refused(stream, node, CommitId("c1"), "type", version, "no", ("one",), "whole")


def why(node: str = "web", version: str = "v1") -> Explained:
    return Explained(node, "type", version, ("spec",))


def test_a_refusal_is_told_once_for_each_content_of_a_node() -> None:
    delivery = Delivery()
    for stream, node in enumerate(("web", "web", "cart")):
        delivery.connected(stream, node, f"p{stream}")
    delivery.refused(0, refusal(0))
    delivery.refused(1, refusal(1))
    assert delivery.explained(why()) == [
        SnapshotRejected(
            CommitId("c1"), "web", "type", "v1", "no", "p0", ("one",), ("spec",), "whole"
        )
    ]
    delivery.refused(1, refusal(1))
    assert delivery.explained(why()) == [], "fifty proxies of one node say the same"
    delivery.refused(2, refusal(2, "cart"))
    assert len(delivery.explained(why("cart"))) == 1
    delivery.refused(0, refusal(0, version="v2"))
    assert len(delivery.explained(why(version="v2"))) == 1


def test_what_is_refused_of_another_commit_or_of_one_that_is_served_again_is_told_again() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web")
    for commit in ("c1", "c2", "c1"):
        publish(delivery, commit, web=1)
        told = []
        for stream in (1, 2):
            delivery.refused(stream, refusal(stream)._replace(commit=CommitId(commit)))
            told += delivery.explained(why())
        assert [(e.commit, e.proxy) for e in told if isinstance(e, SnapshotRejected)] == [
            (commit, "a")
        ]


def test_one_answer_explains_the_same_content_of_two_commits() -> None:
    delivery = Delivery()
    connect(delivery, a="web")
    delivery.refused(1, refusal(1))
    delivery.refused(1, refusal(1)._replace(commit=CommitId("c2")))
    told = [e.commit for e in delivery.explained(why()) if isinstance(e, SnapshotRejected)]
    assert told == ["c1", "c2"]
    assert delivery.explained(why()) == []


def test_a_refusal_that_nobody_can_explain_is_told_without() -> None:
    delivery = Delivery()
    connect(delivery, a="web")
    delivery.refused(1, refusal(1))
    delivery.tracker.lost(ONE, "killed", 0)
    told = [event for event in delivery.taken() if isinstance(event, SnapshotRejected)]
    assert [event.specs for event in told] == [()]
    assert delivery.explained(why()) == []


def test_one_that_took_something_else_before_its_refusal_is_told_is_in_sync_in_the_log() -> None:
    delivery = Delivery()
    connect(delivery, a="web")
    delivery.refused(1, refusal(1))
    publish(delivery, "c2", web=1)
    delivery.synced(1, 0)
    delivery.explained(why())
    assert delivery.settled() == settled("c2", in_sync=("a",))


def test_a_refusal_of_one_who_left_is_not_told() -> None:
    delivery = Delivery()
    delivery.connected(1)
    delivery.disconnected(1, "gone")
    delivery.refused(1, refusal(1))
    assert delivery.explained(why()) == []


# ---- how proxies stand ---------------------------------------------------------------------------


def connect(delivery: Delivery, **proxies: str) -> None:
    """Let proxies connect, the first of them as stream 1, each of a node."""
    for stream, (proxy, node) in enumerate(proxies.items(), 1):
        delivery.connected(stream, node, proxy)


def test_those_who_come_are_told_to_be_in_sync_in_bulk_and_once() -> None:
    delivery = Delivery()
    connect(delivery, b="web", a="cart", c="web")
    assert delivery.settled() == [], "while they are on their way nothing is told"
    for stream in (1, 2):
        delivery.synced(stream, 0)
    assert delivery.settled() == settled("c0", in_sync=("a", "b"))
    delivery.written(1, 0)
    delivery.synced(1, 0)
    assert delivery.settled() == []


def test_one_that_is_sent_more_has_not_settled() -> None:
    """Envoy acknowledges its clusters before it asks for listeners."""
    delivery = Delivery()
    connect(delivery, a="web")
    delivery.synced(1, 0)
    delivery.written(1, 0)
    assert delivery.settled() == []


def test_what_converges_is_not_told_again_proxy_by_proxy() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web")
    publish(delivery, "c1", web=1)
    delivery.synced(1, 0)
    assert delivery.synced(2, 0) == []
    assert delivery.settled() == settled("c1", in_sync=("b",))


def test_those_of_a_node_who_were_offered_nothing_are_not_left_behind_in_the_log() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web")
    for stream in (1, 2):
        delivery.synced(stream, 0)
    delivery.settled()
    publish(delivery, "c1", web=1)  # b has this already: its addresses differ
    assert delivery.settled() == settled("c1", in_sync=("b",))


def test_who_refuses_before_all_are_offered_a_commit_is_not_behind_in_the_log() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web")
    delivery.begin_commit("c1")
    for stream in (1, 2):
        delivery.offered(stream, "web")
        delivery.refused(stream, refusal(stream))
    delivery.explained(why())
    delivery.published(0)
    assert delivery.settled() == settled("c1", refused=("a", "b"))


def test_of_a_commit_that_is_overtaken_it_is_told_who_took_it() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="cart")
    publish(delivery, "c1", web=1, cart=2)
    delivery.synced(1, 0)
    assert delivery.settled() == []
    publish(delivery, "c2", cart=2)
    assert delivery.settled() == settled("c2", in_sync=("a",))


def test_those_who_refuse_too_and_those_who_fall_back_are_told_in_bulk() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web", c="web")
    publish(delivery, "c1", web=1)
    for stream in (1, 2, 3):
        delivery.refused(stream, refusal(stream))
    delivery.explained(why())
    delivery.tell(ONE, FellBack(3, 0))
    assert delivery.settled() == settled("c1", refused=("b",), last_accepted=("c",))
    delivery.synced(3, 0)
    assert delivery.settled() == [], "it has what was accepted, not what is served"


@pytest.mark.parametrize("early", [False, True])
def test_who_has_what_somebody_refuses_is_told_in_bulk_at_once(*, early: bool) -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web", c="web")
    delivery.begin_commit("c1")
    for stream in (1, 2, 3):
        delivery.offered(stream, "web")
    if not early:
        delivery.published(0)
    delivery.synced(1, 0)
    delivery.refused(2, refusal(2))
    delivery.explained(why())
    if early:
        delivery.published(0)
    [told] = delivery.settled()
    assert isinstance(told, ProxiesSettled)
    assert told.in_sync == ("a",)
    delivery.synced(3, 0)
    assert delivery.settled() == settled("c1", in_sync=("c",))


def test_a_commit_that_is_delayed_says_who_is_waited_for_and_tells_of_the_others() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web", c="web")
    delivery.begin_commit("c1")
    for stream in (1, 2, 3):
        delivery.offered(stream, "web")
    assert delivery.pass_time(DELAYED_AFTER_S[-1]) == [], "it is not published yet"
    delivery.published(0)
    delivery.synced(1, 0)
    delivery.refused(2, refusal(2))
    delivery.explained(why())
    assert delivery.settled() == settled("c1", in_sync=("a",))
    assert delivery.pass_time(DELAYED_AFTER_S[0] - 0.1) == []
    late = [SnapshotDelayed(CommitId("c1"), 3, 1, 1, ("c",))]
    waits = [
        DELAYED_AFTER_S[0],
        DELAYED_AFTER_S[1] - DELAYED_AFTER_S[0],
        DELAYED_AFTER_S[2] - DELAYED_AFTER_S[1],
    ]
    assert [delivery.pass_time(wait_s) for wait_s in waits] == [late, late, late]
    assert delivery.pass_time(1000) == [], "it is said three times"
    delivery.synced(3, 0)
    assert delivery.settled() == settled("c1", in_sync=("c",))


def test_of_a_commit_that_is_delayed_it_is_told_who_has_it() -> None:
    delivery = Delivery()
    connect(delivery, a="web", b="web")
    publish(delivery, "c1", web=1)
    delivery.synced(2, 0)
    delivery.settled()
    delivery.begin_commit("c2")
    for stream in (1, 2):
        delivery.offered(stream, "web")
    delivery.published(0)
    delivery.synced(2, 0)
    assert delivery.settled() == []
    assert delivery.pass_time(DELAYED_AFTER_S[0]) == [
        SnapshotDelayed(CommitId("c2"), 2, 1, 0, ("a",))
    ]
    assert delivery.settled() == settled("c2", in_sync=("b",))


def flapped(events: Sequence[DeliveryEvent]) -> list[ProxiesFlapped]:
    return [event for event in events if isinstance(event, ProxiesFlapped)]


def test_a_flood_of_connects_is_told_in_sum_with_the_names_of_those_who_are_there() -> None:
    delivery = Delivery()
    told = [e for n in range(3000) for e in delivery.connected(n, "web", f"p{n}")]
    assert len(told) == 1000
    # Of one that the log knows it must be told that it left; of the others only how many.
    assert delivery.disconnected(5, "gone") == []
    assert delivery.disconnected(2500, "lost") == []
    delivery.synced(1000, 0)
    assert delivery.settled() == []
    *sums, settling = delivery.settled(MINUTE)
    first, second = flapped(sums)
    assert (first.connects, first.disconnects, first.reason) == (2000, 2, "lost")
    assert (second.connects, second.disconnects) == (0, 0)
    assert first.disconnected == ("p5",)
    assert len(first.connected) + len(second.connected) == 1999
    assert first.connected[0] == ("p1000", "envoy", "behind")
    assert [settling] == settled("c0", in_sync=("p1000",))
    assert delivery.settled(3 * MINUTE) == []
    assert delivery.withheld == 0, "it has been quiet, and is told one by one again"
    # What has left by then of those that a sum named is told as ever.
    assert delivery.disconnected(2999, "gone") == [ProxyDisconnected("web", "p2999", "gone")]


def test_a_proxy_that_comes_and_goes_all_day_adds_little_to_the_log_and_is_listed_right() -> None:
    delivery, log = Delivery(), list[DeliveryEvent]()
    now = 0
    for number in range(20_000):
        now += 4_000 * MS
        log += delivery.connected(number, "web", f"p{number}", now)
        delivery.synced(number, now)
        if number % 15 == 0:
            log += delivery.settled(now)
        if number < 19_999:
            log += delivery.disconnected(number, "gone")
    log += delivery.settled(now + 10 * MINUTE)
    told_in_sum = flapped(log)
    one_by_one = sum(isinstance(event, ProxyConnected) for event in log)
    assert one_by_one + sum(event.connects for event in told_in_sum) == 20_000
    left = sum(isinstance(event, ProxyDisconnected) for event in log)
    assert left + sum(event.disconnects for event in told_in_sum) == 19_999
    assert one_by_one < 2_000
    assert len(told_in_sum) < 200
    there: set[str] = set()
    for event in log:
        match event:
            case ProxyConnected():
                there.add(event.proxy)
            case ProxyDisconnected():
                there.remove(event.proxy)
            case ProxiesFlapped():
                there -= set(event.disconnected)
                there |= {name for name, *_ in event.connected}
    assert there == {"p19999"}


def test_a_flood_of_invented_nodes_is_not_told_either() -> None:
    delivery = Delivery()
    told = [e for n in range(12_000) for e in delivery.connected(n, f"node{n}", f"p{n}")]
    assert len(told) == 10_000


# ---- the recorder --------------------------------------------------------------------------------


def test_a_flood_of_ever_new_nodes_takes_bounded_room_and_who_stays_is_told_of() -> None:
    delivery = Delivery()
    log: list[DeliveryEvent] = []
    for n in range(30_000):
        log += delivery.connected(n, f"node{n}", f"p{n}")
        if n != 29_000:
            log += delivery.disconnected(n, "gone")
    assert len(log) == 20_000
    assert delivery.withheld <= 2_001
    for minute in range(1, 20):
        log += delivery.settled(minute * MINUTE)
    named = {e.proxy for e in log if isinstance(e, ProxyConnected)}
    named |= {name for e in flapped(log) for name, *_ in e.connected}
    assert "p29000" in named
    assert delivery.withheld == 0


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
