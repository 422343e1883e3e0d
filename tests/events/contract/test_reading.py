"""Reading from the log: events in pages and by filter, the mesh and its resources at a position."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from events.blame import Version
from events.query import Query
from events.store import EventStore
from events.types import (
    START,
    Chain,
    CommitApplied,
    ProxyConnected,
    Record,
    ResourceAdded,
    Seq,
    SnapshotPublished,
)
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from tests.support.clock import Clock
from tests.support.histories import facts
from tests.support.logs import NODE, ROUTE, SHORT_HISTORY, SOME_DELIVERY, fill, numbered

WEB = "mesh/shop/virtualNode/web"
ROUTER = ResourceKey.of(Kind.VIRTUAL_ROUTER, "shop", "cart")
WE = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "we")


def test_a_long_log_is_read_in_pages_without_loss_or_repetition(log: EventStore) -> None:
    count = 5300  # more than one page of read(), and of replay()
    commit = facts(1).commit
    added = [ResourceAdded(NODE, commit, {"number": at}, "web.yaml") for at in range(1, count)]
    log.append(Chain.MESH, [CommitApplied(facts(1)), *added], expected=START)
    assert [record.seq for record in log.read(Chain.MESH)] == list(range(1, count + 1))
    assert [seq for seq, _ in log.replay()] == list(range(1, count + 1))
    for after, limit in ((0, 1), (10, 0), (10, 1000), (10, 1001), (5290, 50), (5300, 5)):
        found = [record.seq for record in log.read(Chain.MESH, after=Seq(after), limit=limit)]
        assert found == list(range(after + 1, min(after + limit, count) + 1))
    assert log.state().resources == {NODE: {"number": count - 1}}


def test_a_position_that_does_not_exist_is_refused(log: EventStore) -> None:
    fill(log, SHORT_HISTORY)
    for at in (-1, 8):
        with pytest.raises(UsageError, match="no event") as caught:
            log.state(Seq(at))
        assert caught.value.hint == "its last is 7"


def test_the_mesh_is_known_at_every_position(log: EventStore) -> None:
    fill(log, SHORT_HISTORY)
    web: JsonObject = {"backends": []}
    cart, changed = {"priority": 1}, {"priority": 2}
    assert [log.state(Seq(at)).resources for at in range(8)] == [
        {},
        {},
        {NODE: web},
        {NODE: web, ROUTE: cart},
        {NODE: web, ROUTE: cart},
        {NODE: web, ROUTE: changed},
        {NODE: web, ROUTE: changed},
        {ROUTE: changed},
    ]
    assert log.state() == log.state(Seq(7))
    assert (log.state().tip, log.state().commit) == (facts(3).commit, facts(3).commit)


def test_a_replay_yields_the_events_that_were_appended(log: EventStore) -> None:
    fill(log, SHORT_HISTORY)
    assert list(log.replay()) == numbered(SHORT_HISTORY)
    assert list(log.replay(after=Seq(5))) == numbered(SHORT_HISTORY)[5:]


def test_versions_of_a_resource_come_newest_first_with_the_times_it_was_gone(
    log: EventStore,
) -> None:
    fill(log, SHORT_HISTORY)
    added = ResourceAdded(NODE, facts(4).commit, {"backends": []}, "web.yaml")
    log.append(Chain.MESH, [CommitApplied(facts(4)), added], expected=Seq(7))
    versions = [
        Version(Seq(9), facts(4).commit, {"backends": []}),
        Version(Seq(7), facts(3).commit, None),
        Version(Seq(2), facts(1).commit, {"backends": []}),
    ]
    assert list(log.versions(NODE, Seq(9))) == versions
    assert list(log.versions(NODE, Seq(8))) == versions[1:]
    assert list(log.versions(NODE, Seq(6))) == versions[2:]
    assert list(log.versions(NODE, Seq(1))) == []


def test_what_is_derived_can_be_derived_anew(log: EventStore) -> None:
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    before = [log.state(Seq(at)) for at in range(8)], log.fleet().proxies()
    log.rebuild()
    assert ([log.state(Seq(at)) for at in range(8)], log.fleet().proxies()) == before
    assert log.verify() == []


def test_the_position_at_a_time_is_that_of_the_last_event_by_then(
    log: EventStore, clock: Clock
) -> None:
    assert log.seq_at(datetime.max.replace(tzinfo=UTC)) == START
    first = clock.time
    fill(log, SHORT_HISTORY[:1])
    clock.move(hours=1)
    log.append(Chain.MESH, SHORT_HISTORY[1], expected=Seq(3))
    assert log.seq_at(first.replace(year=2020)) == START
    assert [log.seq_at(when) for when in (first, clock.time)] == [3, 5]


# ---- events by filter ---------------------------------------------------------------------------


def seqs(records: Iterable[Record]) -> list[int]:
    return [record.seq for record in records]


SELECTED = {
    "all": (Query(), [1, 2, 3, 4, 5, 6, 7]),
    "after a position": (Query(after=5), [6, 7]),
    "of some kinds": (Query(kinds=("ResourceAdded", "ResourceRemoved")), [2, 3, 7]),
    "of a resource": (Query(within=NODE), [2, 7]),
    "of what is inside one": (Query(within=ROUTER), [3, 5]),
    "not of a name that begins alike": (Query(within=WE), []),
    "of an author": (Query(author="ALICE@"), [1, 2, 3, 4, 5, 6, 7]),
    "of nobody": (Query(author="mallory"), []),
    "of a commit": (Query(commit=facts(2).commit), [4, 5]),
    "of a commit and a kind": (Query(("ResourceChanged",), commit=facts(2).commit), [5]),
}


@pytest.mark.parametrize(("query", "found"), SELECTED.values(), ids=SELECTED.keys())
def test_events_of_the_mesh_are_selected(log: EventStore, query: Query, found: list[int]) -> None:
    fill(log, SHORT_HISTORY)
    assert seqs(log.select(Chain.MESH, query)) == found
    assert seqs(log.select(Chain.MESH, query, newest=2)) == found[-2:]


def test_events_of_a_time_are_selected_with_both_ends(log: EventStore, clock: Clock) -> None:
    times = []
    for number in (1, 2, 3):
        log.append_observed([ProxyConnected(WEB, f"p{number}", "")])
        times.append(clock.time)
        clock.move(hours=1)
    _, second, third = times
    assert seqs(log.select(Chain.DELIVERY, Query(since=second))) == [2, 3]
    assert seqs(log.select(Chain.DELIVERY, Query(until=second))) == [1, 2]
    assert seqs(log.select(Chain.DELIVERY, Query(since=second, until=third))) == [2, 3]


def test_events_about_a_node_and_what_was_offered_to_it_are_selected(log: EventStore) -> None:
    offered = [SnapshotPublished(facts(1).commit, Seq(1), nodes, 1) for nodes in ((WEB,), ("c",))]
    log.append_observed([*offered, ProxyConnected(WEB, "p", ""), ProxyConnected("c", "q", "")])
    assert seqs(log.select(Chain.DELIVERY, Query(node=WEB))) == [1, 3]


def test_the_events_about_a_commit_are_in_order(log: EventStore) -> None:
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    assert seqs(log.about(facts(1).commit, Chain.MESH)) == [1, 2, 3]
    assert seqs(log.about(facts(2).commit, Chain.DELIVERY)) == [3]
    assert seqs(log.about(facts(9).commit, Chain.MESH)) == []
