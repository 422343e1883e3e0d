"""Several servers, one truth: what each of them tells becomes one story in the log."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from events.publication import Publication
from events.state import MeshState
from events.types import (
    CommitId,
    DeliveryEvent,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    Seq,
    ServerStarted,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    WorkerResponsive,
    WorkerUnresponsive,
)
from xds.delivery.commit_delivery import DELAYS_S
from xds.delivery.delivery_tracker import SETTLE_S, DeliveryTracker
from xds.delivery.recorder import Recorder
from xds.delivery.stream_facts import (
    Arrived,
    Explained,
    Fact,
    FellBack,
    Finished,
    Joined,
    Left,
    Offered,
    Rejected,
    Released,
    Wrote,
)

MS = 1_000_000
ONE, TWO = 1, 2


@dataclass
class Timing:
    """A timer that a test lets go off."""

    delay_s: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Book:
    """A delivery tracker whose events a test reads."""

    def __init__(self) -> None:
        self._told: list[DeliveryEvent] = []
        told = self._told

        class Telling(Recorder):
            def record(self, events: Iterable[DeliveryEvent]) -> None:
                told.extend(events)

        self.timers: list[Timing] = []
        self.tracker = DeliveryTracker(Telling(lambda batch: None), self._later)
        self.begin(1, "c0", moved=None)
        [started] = self.taken()
        assert isinstance(started, ServerStarted), "first of all that a server tells"

    def _later(self, delay_s: float, call: Callable[[], None]) -> Timing:
        timer = Timing(delay_s, call)
        self.timers.append(timer)
        return timer

    def pass_time(self, delay_s: float) -> list[DeliveryEvent]:
        """Let every timer go off that was set for so long at most."""
        due = [timer for timer in self.timers if timer.delay_s <= delay_s]
        self.timers = [timer for timer in self.timers if timer.delay_s > delay_s]
        for timer in due:
            if not timer.cancelled:
                timer.call()
        return self.taken()

    def begin(self, seq: int, commit: str, moved: int | None = 0) -> None:
        state = MeshState(Seq(seq), CommitId(commit), CommitId(commit))
        self.tracker.begin(Publication(state, moved_ns=moved), servers=(ONE, TWO))

    def tell(self, server: int, *facts: Fact) -> list[DeliveryEvent]:
        """Let a server tell facts; return the events that follow."""
        for fact in facts:
            self.tracker.report(fact, server)
        return self.taken()

    def taken(self) -> list[DeliveryEvent]:
        taken = self._told[:]
        self._told.clear()
        return taken


def joined(stream: int, node: str = "web") -> Joined:
    return Joined(stream, node, f"{node}#{stream}", "envoy 1", 0)


def published(commit: str, seq: int, proxies: int, *nodes: str) -> SnapshotPublished:
    return SnapshotPublished(CommitId(commit), Seq(seq), nodes, proxies)


def test_a_commit_is_published_once_when_all_servers_have_offered_it_to_all_their_proxies() -> None:
    book = Book()
    book.tell(ONE, joined(1), joined(2, "cart"))
    book.tell(TWO, joined(1))
    book.begin(5, "c1")
    assert book.tell(ONE, Offered(1, "web", Seq(5)), Offered(2, "cart", Seq(5))) == []
    assert book.tell(ONE, Finished(Seq(5), 6 * MS)) == []
    assert book.tell(TWO, Offered(1, "web", Seq(5))) == []
    assert book.tell(TWO, Finished(Seq(5), 7 * MS)) == [published("c1", 5, 3, "cart", "web")]


def test_it_converges_once_with_the_last_answer_of_any_server() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.tell(TWO, joined(1))
    book.begin(5, "c1")
    # The same number at two servers is two streams.
    book.tell(ONE, Offered(1, "web", Seq(5)), Wrote(1, 3 * MS), Arrived(1, 4 * MS))
    book.tell(TWO, Offered(1, "web", Seq(5)), Finished(Seq(5), 5 * MS))
    assert book.tell(ONE, Finished(Seq(5), 5 * MS)) == [published("c1", 5, 2, "web")]
    assert book.tell(TWO, Wrote(1, 8 * MS)) == []
    assert book.tell(TWO, Arrived(1, 9 * MS)) == [
        SnapshotConverged(CommitId("c1"), 2, {"written": 8000, "acked": 9000})
    ]


def test_a_server_that_dies_is_waited_for_no_longer_and_neither_are_its_proxies() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.tell(TWO, joined(1), joined(2))
    book.begin(5, "c1")
    book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 5 * MS), Arrived(1, 6 * MS))
    book.tell(TWO, Offered(1, "web", Seq(5)))
    book.tracker.lost(TWO, "worker killed", 7 * MS)
    assert book.taken() == [
        ProxyDisconnected("web", "web#1", "worker killed"),
        ProxyDisconnected("web", "web#2", "worker killed"),
        published("c1", 5, 2, "web"),
        SnapshotConverged(CommitId("c1"), 1, {"written": 6000, "acked": 7000}),
    ]
    book.tracker.lost(TWO, "worker killed", 8 * MS)
    assert book.taken() == []


def test_what_proxies_of_another_server_refuse_is_explained_by_that_one() -> None:
    book = Book()
    refusal = Rejected(1, "web", CommitId("c0"), "type", "v1", "no")
    for server, node in ((ONE, "cart"), (TWO, "web")):
        book.tell(server, joined(1, node), refusal._replace(node=node))
    book.tracker.lost(ONE, "worker killed", 1)
    told = [(e.node, e.specs) for e in book.taken() if isinstance(e, SnapshotRejected)]
    assert told == [("cart", ())]
    (event,) = book.tell(TWO, Explained("web", "type", "v1", ("spec",)))
    assert isinstance(event, SnapshotRejected)
    assert event.specs == ("spec",)


def test_a_death_before_anything_is_published_harms_nothing() -> None:
    book = Book()
    book.tracker.lost(ONE, "worker killed", 1)
    assert book.taken() == []


def test_what_is_told_of_an_older_publication_is_not_counted_to_the_newer() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.begin(5, "c1")
    book.begin(8, "c2")
    assert book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    # The older one is told of by itself when the last server has offered it.
    assert book.tell(TWO, Finished(Seq(5), 1)) == [published("c1", 5, 1, "web")]
    assert book.tell(TWO, Finished(Seq(8), 2)) == []
    assert book.tell(ONE, Finished(Seq(8), 3)) == [
        published("c2", 8, 0),
        SnapshotConverged(CommitId("c2"), 0, {}),
    ]


def test_a_publication_that_servers_skipped_is_told_of_if_anybody_was_offered_it() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.begin(5, "c1")
    book.begin(6, "c2")
    book.begin(7, "c3")
    # One server went from the first to the third, the other saw the third alone.
    assert book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    assert book.tell(ONE, Offered(1, "web", Seq(7)), Finished(Seq(7), 1)) == []
    assert book.tell(TWO, Finished(Seq(7), 1)) == [
        published("c1", 5, 1, "web"),
        published("c3", 7, 1, "web"),
    ]


def test_nobody_waits_for_a_server_that_does_not_answer_and_its_proxies_are_behind() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.tell(TWO, joined(1), joined(2, "cart"), Arrived(1, 1), Arrived(2, 1))
    book.tell(ONE, Arrived(1, 1))
    book.pass_time(SETTLE_S)
    book.begin(5, "c1")
    assert book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    book.tracker.silent(TWO, 4711, 2)
    assert book.taken() == [WorkerUnresponsive(TWO, 4711, 2), published("c1", 5, 1, "web")]
    # It is not known whether the commit concerns those that cannot be reached.
    assert book.tell(ONE, Arrived(1, 1)) == []
    [settled] = book.pass_time(SETTLE_S)
    assert isinstance(settled, ProxiesSettled)
    assert (settled.behind, settled.in_sync) == (("cart#2",), ())  # "web" is, by what was published
    # What is pushed next does not wait for it at all.
    book.begin(6, "c2")
    offered = (Offered(1, "web", Seq(6)), Finished(Seq(6), 1))
    assert book.tell(ONE, *offered) == [published("c2", 6, 1, "web")]
    assert book.tell(ONE, Arrived(1, 1)) == []
    [delayed] = book.pass_time(DELAYS_S[0])
    assert isinstance(delayed, SnapshotDelayed)
    assert (delayed.proxies, delayed.arrived, delayed.waiting) == (3, 1, ("cart#2", "web#1"))


def test_a_server_that_answers_again_catches_up_and_then_the_commit_converges() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.tell(TWO, joined(1), joined(2, "cart"), Arrived(1, 1), Arrived(2, 1))
    book.tell(ONE, Arrived(1, 1))
    book.pass_time(SETTLE_S)
    book.tracker.silent(TWO, 4711, 2)
    book.begin(5, "c1")
    book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1), Arrived(1, 1))
    book.pass_time(SETTLE_S)
    book.taken()
    book.tracker.answers(TWO)
    assert book.taken() == [WorkerResponsive(TWO, "answers")]
    assert book.tell(TWO, Offered(1, "web", Seq(5)), Finished(Seq(5), 1)) == []
    assert book.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c1"), Seq(5), ("cart#2",))]
    [converged] = book.tell(TWO, Arrived(1, 1))
    assert isinstance(converged, SnapshotConverged)
    assert converged.proxies == 2


def test_a_server_that_did_not_answer_and_ended_is_counted_out() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.tell(TWO, joined(1), Arrived(1, 1))
    book.begin(5, "c1")
    book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1), Arrived(1, 1))
    book.tracker.silent(TWO, 4711, 2)
    book.taken()
    book.tracker.lost(TWO, "worker killed", 1)
    ended, left, converged = book.taken()
    assert ended == WorkerResponsive(TWO, "ended")
    assert left == ProxyDisconnected("web", "web#1", "worker killed")
    assert isinstance(converged, SnapshotConverged)


def test_what_servers_find_when_they_start_is_nobodys_push() -> None:
    book = Book()
    assert book.tell(ONE, Finished(Seq(1), 1)) == book.tell(TWO, Finished(Seq(1), 1)) == []


def test_a_commit_that_is_served_already_is_not_published_anew() -> None:
    book = Book()
    book.begin(2, "c0")
    assert book.tell(ONE, Finished(Seq(2), 1)) == book.tell(TWO, Finished(Seq(2), 1)) == []


def test_comings_goings_and_refusals_are_told_of_every_server() -> None:
    book = Book()
    assert book.tell(ONE, joined(1)) == [ProxyConnected("web", "web#1", "envoy 1")]
    assert book.tell(TWO, joined(1)) == [ProxyConnected("web", "web#1", "envoy 1")]
    refusal = Rejected(1, "web", CommitId("c0"), "type", "v1", "no")
    why = Explained("web", "type", "v1", ("spec",))
    assert book.tell(ONE, refusal, why) == [
        SnapshotRejected(CommitId("c0"), "web", "type", "v1", "no", "web#1", specs=("spec",))
    ]
    assert book.tell(TWO, refusal, why) == [], "each content of a node is told once"
    assert book.tell(TWO, Left(1, "closed", 1)) == [ProxyDisconnected("web", "web#1", "closed")]
    assert book.tell(TWO, Left(1, "closed", 1)) == []


def test_how_proxies_stand_is_told_a_second_later_and_not_while_a_commit_is_offered() -> None:
    book = Book()
    book.tell(ONE, joined(1), Arrived(1, 1))
    book.begin(5, "c1")
    assert book.pass_time(SETTLE_S) == []
    book.tell(ONE, Finished(Seq(5), 1))
    book.tell(TWO, Finished(Seq(5), 1))
    assert book.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c1"), Seq(5), in_sync=("web#1",))]
    assert book.pass_time(SETTLE_S) == []


def test_what_one_has_who_falls_back_is_told() -> None:
    book = Book()
    book.tell(ONE, joined(1), FellBack(1, 1), Arrived(1, 1))
    assert book.pass_time(SETTLE_S) == [
        ProxiesSettled(CommitId("c0"), Seq(1), last_accepted=("web#1",))
    ]


def test_who_is_to_have_what_is_served_after_all_is_in_sync_when_it_has_it() -> None:
    book = Book()
    book.tell(ONE, joined(1), FellBack(1, 1), Arrived(1, 1))
    book.pass_time(SETTLE_S)
    book.tell(ONE, Released(1))
    assert book.pass_time(SETTLE_S) == []
    book.tell(ONE, Arrived(1, 1))
    assert book.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c0"), Seq(1), in_sync=("web#1",))]


def test_connects_that_are_withheld_make_nobody_wait_who_has_more_to_tell() -> None:
    book = Book()
    now = time.time_ns()
    book.tell(ONE, *(Joined(n, "web", f"web#{n}", "envoy 1", now) for n in range(1001)))
    assert book.pass_time(SETTLE_S) == [], "the flood waits for a minute"
    book.tell(ONE, Arrived(1, 1))
    assert book.pass_time(SETTLE_S) == [ProxiesSettled(CommitId("c0"), Seq(1), in_sync=("web#1",))]


def test_a_commit_that_does_not_converge_is_told_of_three_times() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.begin(5, "c1")
    book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1))
    book.tell(TWO, Finished(Seq(5), 1))
    late = [SnapshotDelayed(CommitId("c1"), 1, 0, 0, ("web#1",))]
    assert [book.pass_time(1000) for _ in range(4)] == [late, late, late, []]
    assert book.tell(ONE, Arrived(1, 2 * MS)) == [
        SnapshotConverged(CommitId("c1"), 1, {"written": 2000, "acked": 2000})
    ]


def test_one_that_converges_is_not_told_of_as_delayed() -> None:
    book = Book()
    book.tell(ONE, joined(1))
    book.begin(5, "c1")
    book.tell(ONE, Offered(1, "web", Seq(5)), Finished(Seq(5), 1))
    book.tell(TWO, Finished(Seq(5), 1))
    book.tell(ONE, Arrived(1, 2 * MS))
    assert book.pass_time(1000) == []


def test_a_refusal_that_a_dying_server_was_to_explain_is_told_without() -> None:
    book = Book()
    book.tell(ONE, joined(1), Rejected(1, "web", CommitId("c0"), "type", "v1", "no"))
    book.tracker.lost(ONE, "worker killed", 1)
    assert book.taken() == [
        ProxyDisconnected("web", "web#1", "worker killed"),
        SnapshotRejected(CommitId("c0"), "web", "type", "v1", "no", "web#1"),
    ]
