"""Appending to the log: atomic, at the expected position, by one writer, in time order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from events.encoding.codec import SERVER
from events.integrity.chain import GENESIS
from events.opening import EventLocation, has_writer, open_for_reading, open_for_writing
from events.store import EventStore, Head, LogMoved
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitId,
    HistoryRewritten,
    ProxyConnected,
    ResourceAdded,
    ResourceRemoved,
    Seq,
    SnapshotPublished,
    SnapshotRejected,
)
from mesh.errors import Fatal, UsageError
from tests.events.contract.conftest import NewLocation
from tests.support.clock import Clock
from tests.support.histories import facts
from tests.support.logs import NODE, SHORT_HISTORY, SOME_DELIVERY, fill

APPLIED = CommitApplied(facts(1))


def test_a_new_log_is_empty(log: EventStore) -> None:
    for chain in Chain:
        assert log.head(chain) == Head(START, "")
        assert list(log.read(chain)) == []


def test_positions_count_from_one_without_gaps_and_hashes_link(log: EventStore) -> None:
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    for chain, count in ((Chain.MESH, 7), (Chain.DELIVERY, 4)):
        records = list(log.read(chain))
        assert [record.seq for record in records] == list(range(1, count + 1))
        assert [r.prev_hash for r in records] == [GENESIS, *(r.hash for r in records[:-1])]
        assert log.head(chain) == Head(records[-1].seq, records[-1].hash)


def test_appending_elsewhere_than_at_the_end_is_refused_and_changes_nothing(
    log: EventStore,
) -> None:
    fill(log, SHORT_HISTORY)
    head = log.head(Chain.MESH)
    for expected in (START, Seq(head.seq - 1), Seq(head.seq + 1)):
        with pytest.raises(LogMoved, match=f"ends at {head.seq}, not at {expected}"):
            log.append(Chain.MESH, [APPLIED], expected=expected)
    assert log.head(Chain.MESH) == head
    assert log.append(Chain.MESH, [APPLIED], expected=head.seq) == head.seq + 1


def test_appending_nothing_returns_the_expected_position(log: EventStore) -> None:
    assert log.append(Chain.MESH, [], expected=START) == START
    fill(log, SHORT_HISTORY)
    assert log.append(Chain.MESH, [], expected=Seq(7)) == 7
    assert log.append_observed([]) == START
    with pytest.raises(LogMoved):
        log.append(Chain.MESH, [], expected=START)


UNENCODABLE = {
    "a fraction": ResourceAdded(NODE, CommitId("c"), {"weight": 0.5}, "a.yaml"),  # type: ignore[dict-item]
    "half a character": ResourceAdded(NODE, CommitId("c"), {"name": "\ud800"}, "a.yaml"),
    "half a character in the heading": ResourceRemoved(NODE, CommitId("\ud800")),
}


@pytest.mark.parametrize("bad", UNENCODABLE.values(), ids=UNENCODABLE.keys())
def test_an_event_that_cannot_be_written_takes_its_whole_transaction_with_it(
    log: EventStore, bad: ResourceAdded
) -> None:
    fill(log, SHORT_HISTORY)
    head, state = log.head(Chain.MESH), log.state()
    good = ResourceAdded(NODE, facts(1).commit, {}, "a.yaml")
    with pytest.raises(ValueError, match=r"whole numbers|surrogates"):
        log.append(Chain.MESH, [APPLIED, good, bad, good], expected=head.seq)
    assert (log.head(Chain.MESH), log.state()) == (head, state)
    assert log.verify() == []


def test_many_threads_append_without_gap_or_loss(log: EventStore) -> None:
    def connect(number: int) -> Seq:
        return log.append_observed([ProxyConnected("node", f"proxy-{number}", "")] * 2)

    with ThreadPoolExecutor(8) as threads:
        seqs = list(threads.map(connect, range(40)))
    assert sorted(seqs) == list(range(2, 82, 2))
    assert log.verify() == []


def test_of_two_threads_that_expect_the_same_head_one_is_told_that_the_log_moved(
    log: EventStore,
) -> None:
    def append(number: int) -> bool:
        try:
            log.append(Chain.MESH, [CommitApplied(facts(number))], expected=START)
        except LogMoved:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(append, range(4))) == [False, False, False, True]
    assert log.head(Chain.MESH).seq == 1


# ---- one writer ---------------------------------------------------------------------------------


def test_a_second_writer_is_refused(log: EventStore, location: EventLocation) -> None:
    assert log.head(Chain.MESH).seq == START
    with pytest.raises(Fatal, match="another process"):
        open_for_writing(location)


def test_a_reader_tells_whether_there_is_a_writer(location: EventLocation) -> None:
    with open_for_writing(location):
        assert has_writer(location)
    assert not has_writer(location)


def test_closing_lets_the_next_writer_in(location: EventLocation) -> None:
    for number in (1, 2):
        with open_for_writing(location) as log:
            log.append(Chain.MESH, [CommitApplied(facts(number))], expected=Seq(number - 1))
    with open_for_reading(location) as reader:
        assert reader.head(Chain.MESH).seq == 2


def test_a_reader_sees_what_is_appended_after_it_opened_the_log(
    log: EventStore, location: EventLocation
) -> None:
    with open_for_reading(location) as reader:
        for number in (1, 2):
            log.append(Chain.MESH, [CommitApplied(facts(number))], expected=Seq(number - 1))
            assert reader.head(Chain.MESH) == log.head(Chain.MESH)
            assert reader.state() == log.state()


def test_where_no_log_is_none_is_read(location: EventLocation) -> None:
    with pytest.raises(UsageError, match="no event log"):
        open_for_reading(location)


# ---- who and when -------------------------------------------------------------------------------


def test_everything_in_a_commit_is_ascribed_to_its_author(log: EventStore) -> None:
    rewritten = HistoryRewritten(facts(2).commit, facts(1).commit, None, (), "rewritten")
    removed = ResourceRemoved(NODE, facts(1).commit)
    log.append(Chain.MESH, [rewritten, APPLIED, removed], expected=START)
    actors = [record.actor for record in log.read(Chain.MESH)]
    assert actors == ["", "Alice <alice@example.com>", "Alice <alice@example.com>"]


def test_delivery_is_ascribed_to_the_proxy_that_spoke_or_to_the_server(log: EventStore) -> None:
    log.append_observed(
        [
            ProxyConnected("mesh/shop/virtualNode/web", "p", ""),
            SnapshotRejected(facts(1).commit, "mesh/shop/virtualNode/web", "t", "v", "no"),
            SnapshotPublished(facts(1).commit, Seq(1), (), 0),
        ]
    )
    actors = [record.actor for record in log.read(Chain.DELIVERY)]
    assert actors == ["mesh/shop/virtualNode/web"] * 2 + [SERVER]


def test_one_transaction_has_one_time(log: EventStore) -> None:
    fill(log, SHORT_HISTORY[:1])
    assert {record.at for record in log.read(Chain.MESH)} == {"2026-11-23T03:12:00.000000Z"}


def test_time_never_goes_back_even_when_the_clock_does(log: EventStore, clock: Clock) -> None:
    for by in (0.0, -3600.0, 0.0, 3600.0, -1.0, 7200.0):
        clock.move(seconds=by)
        log.append_observed([ProxyConnected("node", "p", "")])
    times = [record.at for record in log.read(Chain.DELIVERY)]
    assert times == sorted(set(times))
    assert [datetime.fromisoformat(at).minute for at in times[:3]] == [12, 12, 12]
    assert times[-1] == "2026-11-23T05:11:59.000000Z"


def test_hashes_of_the_mesh_chain_are_the_ones_they_always_were(log: EventStore) -> None:
    """If this fails, the file format changed, and no log that anybody has can be verified."""
    fill(log, SHORT_HISTORY)
    assert log.head(Chain.MESH).hash == (
        "a614aaf1e6330f67287dc41bffc704ed078d082895e2cdf2b0a3860f5b09dfa1"
    )


def test_time_never_goes_back_over_a_restart(location: EventLocation, clock: Clock) -> None:
    for _ in range(3):
        with open_for_writing(location, now=clock) as log:
            log.append_observed([ProxyConnected("node", "p", "")])
        clock.move(days=-1)
    with open_for_reading(location) as reader:
        times = [record.at for record in reader.read(Chain.DELIVERY)]
    assert times == sorted(set(times))


def test_hashes_of_the_mesh_chain_do_not_depend_on_the_clock_and_those_of_delivery_do(
    new_location: NewLocation,
) -> None:
    heads: list[dict[Chain, Head]] = []
    for hours in (0, 1):
        clock = Clock()
        clock.move(hours=hours)
        with open_for_writing(new_location(), now=clock) as log:
            fill(log, SHORT_HISTORY, SOME_DELIVERY)
            heads.append({chain: log.head(chain) for chain in Chain})
    assert heads[0][Chain.MESH] == heads[1][Chain.MESH]
    assert heads[0][Chain.DELIVERY] != heads[1][Chain.DELIVERY]
