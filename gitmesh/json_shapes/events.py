"""JSON shapes of logged events."""

from typing import TypedDict

from events.types import Record
from mesh.canonical import JsonObject


class EventShape(TypedDict):
    """One event, with all its fields: a line of ``log`` and of an event stream."""

    chain: str
    seq: int
    at: str
    kind: str
    v: int
    subject: str
    commit: str
    actor: str
    data: JsonObject
    prev_hash: str
    hash: str


def event_shape(record: Record) -> EventShape:
    """Return an event with all its fields."""
    return {
        "chain": record.chain.value,
        "seq": record.seq,
        "at": record.at,
        "kind": record.kind,
        "v": record.v,
        "subject": record.subject,
        "commit": record.commit,
        "actor": record.actor,
        "data": record.data,
        "prev_hash": record.prev_hash,
        "hash": record.hash,
    }
