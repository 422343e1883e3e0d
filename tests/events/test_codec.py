"""Events keep their content through encoding and decoding, in every version of their form."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from events.encoding.bodies import BODIES, KIND_OF
from events.encoding.codec import UPCASTERS, Upcaster, decode, encode
from events.integrity.chain import GENESIS, seal
from events.types import (
    Chain,
    CommitId,
    Event,
    ProxiesSettled,
    ProxyConnected,
    ProxyState,
    Record,
    ResourceAdded,
    Seq,
    SnapshotPublished,
    SnapshotRejected,
)
from mesh.canonical import JsonObject, canonical
from mesh.errors import Fatal
from tests.support.histories import EVENTS, json_objects
from tests.support.logs import NODE

COMMIT = CommitId("c" * 40)


def record_of(
    kind: str, data: JsonObject, *, v: int = 1, subject: str = str(NODE), commit: str = "c" * 40
) -> Record:
    return Record(Chain.MESH, Seq(1), kind, v, subject, commit, "", "", data, GENESIS, "")


def through_the_file(event: Event) -> Event:
    """Write an event as the log does, and read it back as the log does."""
    row = seal(Chain.MESH, GENESIS, Seq(1), encode(event), "")
    found = from_json(row.data)
    return decode(record_of(row.kind, found, v=row.v, subject=row.subject, commit=row.commit))


def test_every_kind_has_a_strategy() -> None:
    assert EVENTS.keys() == KIND_OF.keys()


@pytest.mark.parametrize("strategy", EVENTS.values(), ids=[kind.__name__ for kind in EVENTS])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_reading_gives_back_what_was_written(
    strategy: st.SearchStrategy[Event], data: st.DataObject
) -> None:
    event = data.draw(strategy)
    assert through_the_file(event) == event


@settings(max_examples=40, deadline=None)
@given(json_objects)
def test_data_has_one_text_whatever_the_order_of_its_keys(data: JsonObject) -> None:
    backwards = dict(reversed(data.items()))
    assert canonical(backwards) == canonical(data)
    assert json.loads(canonical(data)) == data


def test_kinds_are_called_what_they_were_always_called() -> None:
    """Names are in the files that people have: new ones may come, none may change or go."""
    assert set(BODIES) >= {
        "CommitApplied",
        "CommitRejected",
        "ResourceAdded",
        "ResourceChanged",
        "TrafficShifted",
        "ResourceRemoved",
        "HistoryRewritten",
        "SnapshotPublished",
        "SnapshotConverged",
        "SnapshotRejected",
        "ProxyConnected",
        "ProxyDisconnected",
        "SourceDegraded",
        "SourceRecovered",
        "ServerStarted",
        "ProxiesSettled",
        "SnapshotDelayed",
        "ProxiesFlapped",
        "WorkerUnresponsive",
        "WorkerResponsive",
    }


def test_the_subject_is_what_the_event_is_about() -> None:
    added = encode(ResourceAdded(NODE, COMMIT, {}, "a.yaml"))
    assert (added.subject, added.commit) == ("mesh/shop/virtualNode/web", COMMIT)
    connected = encode(ProxyConnected("mesh/shop/virtualNode/web", "p", "v"))
    assert (connected.subject, connected.commit) == ("mesh/shop/virtualNode/web", "")


def test_an_older_form_is_read_through_each_step_up_to_todays() -> None:
    """Suppose that a rejection once said ``why``, and before that ``reason`` in upper case."""
    steps: Mapping[tuple[str, int], Upcaster] = {
        ("SnapshotRejected", -1): lambda old: {"why": str(old["reason"]).lower()},
        ("SnapshotRejected", 0): lambda old: {
            "typeUrl": "",
            "version": "",
            "message": old["why"],
        },
        ("SnapshotRejected", 1): UPCASTERS["SnapshotRejected", 1],
    }
    expected = SnapshotRejected(COMMIT, "node", "", "", "no")
    oldest = record_of("SnapshotRejected", {"reason": "NO"}, v=-1, subject="node")
    older = record_of("SnapshotRejected", {"why": "no"}, v=0, subject="node")
    assert decode(oldest, steps) == decode(older, steps) == expected
    assert oldest.data == {"reason": "NO"}, "what the log holds stays as it was written"


OLD: dict[str, tuple[JsonObject, Event]] = {
    "SnapshotRejected": (
        {"typeUrl": "t", "version": "9f", "message": "no"},
        SnapshotRejected(COMMIT, str(NODE), "t", "9f", "no"),
    ),
    "ProxyConnected": (
        {"proxy": "p", "version": "envoy 1"},
        ProxyConnected(str(NODE), "p", "envoy 1", ProxyState.BEHIND, COMMIT),
    ),
    "SnapshotPublished": (
        {"meshSeq": 3, "nodes": ["n"], "proxies": 2},
        SnapshotPublished(COMMIT, Seq(3), ("n",), 2),
    ),
    "ProxiesSettled": (
        {"meshSeq": 3, "inSync": ["p"], "refused": [], "lastAccepted": []},
        ProxiesSettled(COMMIT, Seq(3), in_sync=("p",)),
    ),
}


@pytest.mark.parametrize("kind", OLD)
def test_what_was_written_in_the_first_form_is_read_as_todays(kind: str) -> None:
    data, expected = OLD[kind]
    assert decode(record_of(kind, dict(data))) == expected


@pytest.mark.parametrize(
    "record",
    [record_of("TeapotBrewed", {}), record_of("ResourceRemoved", {}, v=2)],
    ids=["an unknown kind", "a newer form of a known kind"],
)
def test_what_a_newer_gitmesh_wrote_is_refused_with_a_hint_to_upgrade(record: Record) -> None:
    with pytest.raises(Fatal, match="does not know") as caught:
        decode(record)
    assert "upgrade" in caught.value.hint


@pytest.mark.parametrize(
    "record",
    [
        record_of("ResourceAdded", {"path": "a.yaml"}),
        record_of("CommitApplied", {"tree": "t"}),
        record_of("ResourceRemoved", {}, subject="no key"),
        record_of("ResourceRemoved", {}, v=0),
    ],
    ids=["a missing field", "many missing fields", "a subject that is no key", "no step up"],
)
def test_data_that_makes_no_sense_is_a_damaged_log(record: Record) -> None:
    with pytest.raises(Fatal, match="cannot be decoded") as caught:
        decode(record)
    assert "verify" in caught.value.hint
