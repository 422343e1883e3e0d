"""The hash chain: each event's hash covers the previous event's hash. Pure.

``hash`` is the SHA-256, in hex, of

    "gitmesh-event-v1" NUL <prev_hash as 32 bytes> <canonical JSON of the event, in UTF-8>

where the JSON holds ``seq``, ``kind``, ``v``, ``subject``, ``commit``, ``actor`` and ``data``, and
in the delivery chain ``at`` too. In the mesh chain the recording time is not covered, so two
servers that read the same history at different times have the same hashes.
"""

import hashlib
import json
from typing import Final, NamedTuple

from events.encoding.codec import Encoded, json_object, revive
from events.types import Chain, Event, Record, Seq
from mesh.canonical import canonical

GENESIS: Final = "0" * 64
"""Previous hash of the first event."""

_DOMAIN: Final = b"gitmesh-event-v1\0"


class Row(NamedTuple):
    """One event as a table row: the columns, in order."""

    seq: int
    kind: str
    v: int
    subject: str
    commit: str
    actor: str
    at: str
    data: str
    """Canonical JSON."""
    prev_hash: str
    hash: str


def seal(chain: Chain, prev_hash: str, seq: Seq, event: Encoded, at: str) -> Row:
    """Return the row of an event at this position of a chain.

    :raises ValueError: the event has no canonical JSON.
    """
    heading = (event.kind, event.v, event.subject, event.commit, event.actor)
    row = Row(seq, *heading, at, canonical(event.data), prev_hash, "")
    return row._replace(hash=event_hash(chain, row))


def event_hash(chain: Chain, row: Row) -> str:
    """Return the hash that a row must have; the row's own ``hash`` is ignored."""
    text = sealed_text(chain, row).encode()
    return hashlib.sha256(_DOMAIN + bytes.fromhex(row.prev_hash) + text).hexdigest()


def sealed_text(chain: Chain, row: Row) -> str:
    """Return the canonical JSON that the hash of a row covers.

    The data is included as stored, so even a changed space is detected.
    """
    seq, kind, v, subject, commit, actor, at, data, _, _ = row
    when = f'"at":{_text(at)},' if chain is Chain.DELIVERY else ""
    return (
        f'{{"actor":{_text(actor)},{when}"commit":{_text(commit)},"data":{data},'
        f'"kind":{_text(kind)},"seq":{seq},"subject":{_text(subject)},"v":{v}}}'
    )


def record_of(chain: Chain, row: Row) -> Record:
    """Return a row as a record, with its data parsed.

    :raises Fatal: the data is damaged.
    """
    seq, kind, v, subject, commit, actor, at, data, prev, digest = row
    body = json_object(data)
    return Record(chain, Seq(seq), kind, v, subject, commit, actor, at, body, prev, digest)


def event_of(row: Row) -> Event:
    """Return the event in a row, whatever schema version it was written with.

    :raises Fatal: a newer gitmesh wrote the event, or it is damaged.
    """
    return revive(row.kind, row.v, row.subject, row.commit, json_object(row.data))


# Same result as json.dumps(…, ensure_ascii=False) for text, but faster, because verify needs it
# often.
_text: Final = json.encoder.encode_basestring
