"""Facts of several servers become one consistent delivery chain."""

from events.types import (
    CommitId,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    Seq,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    WorkerResponsive,
    WorkerUnresponsive,
)
from tests.support.delivery_log import MS, ONE, TWO, DeliveryLog
from xds.delivery.commit_delivery import DELAYED_AFTER_S
from xds.delivery.delivery_tracker import SETTLE_S
from xds.delivery.proxy_status import TENTATIVE_NS
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    Explained,
    FellBack,
    Finished,
    Offered,
    Refused,
    Released,
    Synced,
    Written,
)


def two_servers() -> DeliveryLog:
    return DeliveryLog(ONE, TWO)


def joined(stream: int, node: str = "web") -> Connected:
    return Connected(stream, node, f"{node}#{stream}", "envoy 1", 0)


def published(commit: str, seq: int, proxies: int, *nodes: str) -> SnapshotPublished:
    return SnapshotPublished(CommitId(commit), Seq(seq), nodes, proxies)


def test_a_commit_is_published_once_when_all_servers_have_offered_it_to_all_their_proxies() -> None:
    log = two_servers()
    log.tell(ONE, joined(1), joined(2, "cart"))
    log.tell(TWO, joined(1))
    log.begin(5, "c1")
    assert log.tell(ONE, Offered(1, "web", Seq(5)), Offered(2, "cart", Seq(5))) == []
    assert log.tell(ONE, Finished(Seq(5), 6 * MS)) == []
    assert log.tell(TWO, Offered(1, "web", Seq(5))) == []
    assert log.tell(TWO, Finished(Seq(5), 7 * MS)) == [published("c1", 5, 3, "cart", "web")]


def test_it_converges_once_with_the_last_answer_of_any_server() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.tell(TWO, joined(1))
    log.begin(5, "c1")
    # The same number at two servers is two streams.
    log.tell(ONE, Offered(1, "web", Seq(5)), Written(1, 3 * MS), Synced(1, 4 * MS))
    log.tell(TWO, Offered(1, "web", Seq(5)), Finished(Seq(5), 5 * MS))
    assert log.tell(ONE, Finished(Seq(5), 5 * MS)) == [published("c1", 5, 2, "web")]
    assert log.tell(TWO, Written(1, 8 * MS)) == []
    assert log.tell(TWO, Synced(1, 9 * MS)) == [
        SnapshotConverged(CommitId("c1"), 2, {"written": 8000, "acked": 9000})
    ]


def test_a_server_that_dies_is_waited_for_no_longer_and_neither_are_its_proxies() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.tell(TWO, joined(1), joined(2))
    log.begin(5, "c1")
    log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 5 * MS), Synced(1, 6 * MS))
    log.tell(TWO, Offered(1, "web", Seq(5)))
    log.tracker.lost(TWO, "worker killed", 7 * MS)
    assert log.taken() == [
        ProxyDisconnected("web", "web#1", "worker killed"),
        ProxyDisconnected("web", "web#2", "worker killed"),
        published("c1", 5, 2, "web"),
        SnapshotConverged(CommitId("c1"), 1, {"written": 6000, "acked": 7000}),
    ]
    log.tracker.lost(TWO, "worker killed", 8 * MS)
    assert log.taken() == []


def test_what_proxies_of_another_server_refuse_is_explained_by_that_one() -> None:
    log = two_servers()
    refusal = Refused(1, "web", CommitId("c0"), "type", "v1", "no")
    for server, node in ((ONE, "cart"), (TWO, "web")):
        log.tell(server, joined(1, node), refusal._replace(node=node))
    log.tracker.lost(ONE, "worker killed", 1)
    told = [(e.node, e.specs) for e in log.taken() if isinstance(e, SnapshotRejected)]
    assert told == [("cart", ())]
    (event,) = log.tell(TWO, Explained("web", "type", "v1", ("spec",)))
    assert isinstance(event, SnapshotRejected)
    assert event.specs == ("spec",)


def test_a_death_before_anything_is_published_harms_nothing() -> None:
    log = two_servers()
    log.tracker.lost(ONE, "worker killed", 1)
    assert log.taken() == []


def test_what_is_told_of_an_older_publication_is_not_counted_to_the_newer() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.begin(5, "c1")
    log.begin(8, "c2")
    assert log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    # The older one is told of by itself when the last server has offered it.
    assert log.tell(TWO, Finished(Seq(5), 1)) == [published("c1", 5, 1, "web")]
    assert log.tell(TWO, Finished(Seq(8), 2)) == []
    assert log.tell(ONE, Finished(Seq(8), 3)) == [
        published("c2", 8, 0),
        SnapshotConverged(CommitId("c2"), 0, {}),
    ]


def test_a_publication_that_servers_skipped_is_told_of_if_anybody_was_offered_it() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.begin(5, "c1")
    log.begin(6, "c2")
    log.begin(7, "c3")
    # One server went from the first to the third, the other saw the third alone.
    assert log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    assert log.tell(ONE, Offered(1, "web", Seq(7)), Finished(Seq(7), 1)) == []
    assert log.tell(TWO, Finished(Seq(7), 1)) == [
        published("c1", 5, 1, "web"),
        published("c3", 7, 1, "web"),
    ]


def test_nobody_waits_for_a_server_that_does_not_answer_and_its_proxies_are_behind() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.tell(TWO, joined(1), joined(2, "cart"), Synced(1, 1), Synced(2, 1))
    log.tell(ONE, Synced(1, 1))
    log.pass_time(SETTLE_S)
    log.begin(5, "c1")
    assert log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    log.tracker.silent(TWO, 4711, 2)
    assert log.taken() == [WorkerUnresponsive(TWO, 4711, 2), published("c1", 5, 1, "web")]
    # It is not known whether the commit affects those that cannot be reached.
    assert log.tell(ONE, Synced(1, 1)) == []
    [settled] = log.pass_time(SETTLE_S)
    assert isinstance(settled, ProxiesSettled)
    assert (settled.behind, settled.in_sync) == (("cart#2",), ())  # "web" is, by what was published
    # What is pushed next does not wait for it at all.
    log.begin(6, "c2")
    offered = (Offered(1, "web", Seq(6)), Finished(Seq(6), 1))
    assert log.tell(ONE, *offered) == [published("c2", 6, 1, "web")]
    assert log.tell(ONE, Synced(1, 1)) == []
    [delayed] = log.pass_time(DELAYED_AFTER_S[0])
    assert isinstance(delayed, SnapshotDelayed)
    assert (delayed.proxies, delayed.arrived, delayed.waiting) == (3, 1, ("cart#2", "web#1"))


def test_a_server_that_answers_again_catches_up_and_then_the_commit_converges() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.tell(TWO, joined(1), joined(2, "cart"), Synced(1, 1), Synced(2, 1))
    log.tell(ONE, Synced(1, 1))
    log.pass_time(SETTLE_S)
    log.tracker.silent(TWO, 4711, 2)
    log.begin(5, "c1")
    log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1), Synced(1, 1))
    log.pass_time(SETTLE_S)
    log.taken()
    log.tracker.answers(TWO)
    assert log.taken() == [WorkerResponsive(TWO, "answers")]
    assert log.tell(TWO, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    assert log.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c1"), Seq(5), ("cart#2",))]
    [converged] = log.tell(TWO, Synced(1, 1))
    assert isinstance(converged, SnapshotConverged)
    assert converged.proxies == 2


def test_a_server_that_did_not_answer_and_ended_is_counted_out() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.tell(TWO, joined(1), Synced(1, 1))
    log.begin(5, "c1")
    log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1), Synced(1, 1))
    log.tracker.silent(TWO, 4711, 2)
    log.taken()
    log.tracker.lost(TWO, "worker killed", 1)
    ended, left, converged = log.taken()
    assert ended == WorkerResponsive(TWO, "ended")
    assert left == ProxyDisconnected("web", "web#1", "worker killed")
    assert isinstance(converged, SnapshotConverged)


def test_what_servers_find_when_they_start_is_nobodys_push() -> None:
    log = two_servers()
    assert log.tell(ONE, Finished(Seq(1), 1)) == log.tell(TWO, Finished(Seq(1), 1)) == []


def test_a_commit_that_is_served_already_is_not_published_anew() -> None:
    log = two_servers()
    log.begin(2, "c0")
    assert log.tell(ONE, Finished(Seq(2), 1)) == log.tell(TWO, Finished(Seq(2), 1)) == []


def test_comings_goings_and_refusals_are_told_of_every_server() -> None:
    log = two_servers()
    assert log.tell(ONE, joined(1)) == [ProxyConnected("web", "web#1", "envoy 1")]
    assert log.tell(TWO, joined(1)) == [ProxyConnected("web", "web#1", "envoy 1")]
    refusal = Refused(1, "web", CommitId("c0"), "type", "v1", "no")
    why = Explained("web", "type", "v1", ("spec",))
    assert log.tell(ONE, refusal, why) == [
        SnapshotRejected(CommitId("c0"), "web", "type", "v1", "no", "web#1", specs=("spec",))
    ]
    assert log.tell(TWO, refusal, why) == [], "each content of a node is told once"
    assert log.tell(TWO, Disconnected(1, "closed", 1)) == [
        ProxyDisconnected("web", "web#1", "closed")
    ]
    assert log.tell(TWO, Disconnected(1, "closed", 1)) == []


def test_how_proxies_stand_is_told_a_second_later_and_not_while_a_commit_is_offered() -> None:
    log = two_servers()
    log.tell(ONE, joined(1), Synced(1, 1))
    log.begin(5, "c1")
    assert log.pass_time(SETTLE_S) == []
    log.tell(ONE, Finished(Seq(5), 1))
    log.tell(TWO, Finished(Seq(5), 1))
    assert log.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c1"), Seq(5), in_sync=("web#1",))]
    assert log.pass_time(SETTLE_S) == []


def test_what_one_has_who_falls_back_is_told() -> None:
    log = two_servers()
    log.tell(ONE, joined(1), FellBack(1, 1), Synced(1, 1))
    assert log.pass_time(SETTLE_S) == [
        ProxiesSettled(CommitId("c0"), Seq(1), last_accepted=("web#1",))
    ]


def test_a_proxy_that_lacks_its_routes_is_in_sync_only_if_it_does_not_ask_for_them_soon() -> None:
    """It may refuse them: what it took before is no acceptance of the commit."""
    log = two_servers()
    log.now_ns = 1
    log.tell(ONE, joined(1), joined(2), Synced(1, 1, complete=False), Synced(2, 1, complete=False))
    assert log.pass_time(SETTLE_S) == []
    log.tell(ONE, Refused(1, "web", CommitId("c0"), "rds", "v1", "no", (), "s1"))
    log.tell(ONE, Explained("web", "rds", "v1", ()))
    assert log.pass_time(SETTLE_S) == []
    log.now_ns = 1 + TENTATIVE_NS
    assert log.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c0"), Seq(1), in_sync=("web#2",))]


def test_who_is_to_have_what_is_served_after_all_is_in_sync_when_it_has_it() -> None:
    log = two_servers()
    log.tell(ONE, joined(1), FellBack(1, 1), Synced(1, 1))
    log.pass_time(SETTLE_S)
    log.tell(ONE, Released(1))
    assert log.pass_time(SETTLE_S) == []
    log.tell(ONE, Synced(1, 1))
    assert log.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c0"), Seq(1), in_sync=("web#1",))]


def test_connects_that_are_withheld_make_nobody_wait_who_has_more_to_tell() -> None:
    log = two_servers()
    log.tell(ONE, *(Connected(n, "web", f"web#{n}", "envoy 1", 0) for n in range(1001)))
    assert log.pass_time(SETTLE_S) == [], "the flood waits for a minute"
    log.tell(ONE, Synced(1, 1))
    assert log.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c0"), Seq(1), in_sync=("web#1",))]


def test_a_commit_that_does_not_converge_is_told_of_three_times() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.begin(5, "c1")
    log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1))
    log.tell(TWO, Finished(Seq(5), 1))
    late = [SnapshotDelayed(CommitId("c1"), 1, 0, 0, ("web#1",))]
    assert [log.pass_time(1000) for _ in range(4)] == [late, late, late, []]
    assert log.tell(ONE, Synced(1, 2 * MS)) == [
        SnapshotConverged(CommitId("c1"), 1, {"written": 2000, "acked": 2000})
    ]


def test_one_that_converges_is_not_told_of_as_delayed() -> None:
    log = two_servers()
    log.tell(ONE, joined(1))
    log.begin(5, "c1")
    log.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1))
    log.tell(TWO, Finished(Seq(5), 1))
    log.tell(ONE, Synced(1, 2 * MS))
    assert log.pass_time(1000) == []


def test_a_refusal_that_a_dying_server_was_to_explain_is_told_without() -> None:
    log = two_servers()
    log.tell(ONE, joined(1), Refused(1, "web", CommitId("c0"), "type", "v1", "no"))
    log.tracker.lost(ONE, "worker killed", 1)
    assert log.taken() == [
        ProxyDisconnected("web", "web#1", "worker killed"),
        SnapshotRejected(CommitId("c0"), "web", "type", "v1", "no", "web#1"),
    ]
