"""The mesh state is the same from single events, in one pass, and from projections."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.opening import open_for_writing
from events.sqlite.projections import PROJECTOR
from events.state import MeshState, apply, apply_all
from events.store import EventStore
from events.types import (
    START,
    CommitApplied,
    CommitRejected,
    DeliveryEvent,
    MeshEvent,
    ResourceRemoved,
    Seq,
)
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from tests.support.histories import History, delivery_events, facts, histories
from tests.support.logs import (
    NODE,
    ROUTE,
    SHORT_HISTORY,
    SOME_DELIVERY,
    fill,
    numbered,
    outsider,
    projection_rows,
)

LAW = settings(max_examples=25, deadline=None)
LAW_OF_FILES = settings(max_examples=15, deadline=None)


@contextmanager
def new_log() -> Iterator[tuple[EventStore, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.sqlite3"
        log = open_for_writing(path)
        try:
            yield log, path
        finally:
            log.close()


def by_hand(events: Sequence[tuple[Seq, MeshEvent]]) -> MeshState:
    """Say again, in other words than the fold's, what the mesh is after these events."""
    tip, commit = None, None
    settings: JsonObject = {}
    resources: dict[ResourceKey, JsonObject] = {}
    for _, event in events:
        if isinstance(event, CommitApplied):
            tip = commit = event.facts.commit
            settings = event.settings
        elif isinstance(event, CommitRejected):
            tip = event.facts.commit
        elif isinstance(event, ResourceRemoved):
            del resources[event.key]
        elif (spec := getattr(event, "spec", None)) is not None:
            resources[getattr(event, "key")] = spec  # noqa: B009 - not every event has one
    return MeshState(events[-1][0] if events else START, tip, commit, resources, settings)


# ---- the fold itself ----------------------------------------------------------------------------


@LAW
@given(histories())
def test_one_by_one_and_all_at_once_are_the_same(history: History) -> None:
    events = numbered(history)
    state = MeshState()
    for seq, event in events:
        state = apply(state, seq, event)
    assert state == apply_all(MeshState(), events) == by_hand(events)


@LAW
@given(histories(), st.data())
def test_it_does_not_matter_where_a_fold_is_interrupted(
    history: History, data: st.DataObject
) -> None:
    events = numbered(history)
    at = data.draw(st.integers(0, len(events)))
    earlier = apply_all(MeshState(), events[:at])
    kept = dict(earlier.resources)
    assert apply_all(earlier, events[at:]) == apply_all(MeshState(), events)
    assert earlier.resources == kept, "an older state is not touched by a newer one"


@LAW
@given(histories())
def test_what_no_event_touched_is_the_very_same_object(history: History) -> None:
    state = MeshState()
    seq = START
    for transaction in history:
        events = [(Seq(seq + at), event) for at, event in enumerate(transaction, 1)]
        seq = Seq(seq + len(events))
        after = apply_all(state, events)
        touched = {getattr(event, "key", None) for event in transaction}
        for key in state.resources.keys() - touched:
            assert after.resources[key] is state.resources[key]
        if touched == {None}:
            assert after.resources is state.resources
        state = after


def test_a_rejected_commit_changes_nothing_but_the_tip() -> None:
    before = apply_all(MeshState(), numbered(SHORT_HISTORY))
    after = apply(before, Seq(8), CommitRejected(facts(4)))
    assert after == MeshState(Seq(8), facts(4).commit, facts(3).commit, before.resources)


# ---- the fold and the file ----------------------------------------------------------------------


@LAW_OF_FILES
@given(histories(), st.lists(delivery_events, max_size=6))
def test_the_file_knows_the_state_at_every_position_without_replay(
    history: History, delivery: list[DeliveryEvent]
) -> None:
    events = numbered(history)
    with new_log() as (log, path):
        fill(log, history, delivery)
        assert list(log.replay()) == events
        for at in range(len(events) + 1):
            assert log.state(Seq(at)) == by_hand(events[:at])
            assert list(log.replay(after=Seq(at))) == events[at:]
        assert log.state() == by_hand(events)
        incremental = projection_rows(path)
        log.rebuild()
        assert projection_rows(path) == incremental
        assert log.state() == by_hand(events)
        assert log.verify() == []


def test_the_projections_hold_what_happened(log: EventStore, path: Path) -> None:
    """Rebuilt equals incremental even where both are empty: so look at the rows once."""
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    found = projection_rows(path)
    assert [row[:3] for row in found["resource_versions"]] == [
        (str(NODE), 2, 7),
        (str(ROUTE), 3, 5),
        (str(ROUTE), 5, None),
    ]
    assert [row[:2] for row in found["commits"]] == [(1, 3), (4, 5), (6, 7)]
    web, second = "mesh/shop/virtualNode/web", facts(2).commit
    assert found["proxies"] == [("127.0.0.2:1#2", web, "envoy 1.37", 2, "refused", second, 3, 3)]
    assert found["nodes"] == [(web, None, None, 3)]
    assert found["positions"] == [("delivery", 4, PROJECTOR), ("mesh", 7, PROJECTOR)]


STALE = {
    "made by an older projector": "UPDATE positions SET projector = 0 WHERE chain = 'mesh'",
    "at an older position": "UPDATE positions SET seq = 3 WHERE chain = 'delivery'",
    "without a position": "DELETE FROM positions",
}


@pytest.mark.parametrize("sql", STALE.values(), ids=STALE.keys())
def test_projections_that_are_stale_are_made_again_on_opening(path: Path, sql: str) -> None:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    log.close()
    whole = projection_rows(path)
    with outsider(path) as connection:
        connection.execute(sql)
        connection.execute("DELETE FROM resource_versions")
        connection.execute("UPDATE proxies SET state = 'made by an older projector'")
    log = open_for_writing(path)
    assert projection_rows(path) == whole
    assert log.state() == by_hand(numbered(SHORT_HISTORY))
    log.close()
