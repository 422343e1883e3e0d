"""The hash chain: how each event seals the one before it. Pure.

``hash`` is the SHA-256, in hex, of

    "gitmesh-event-v1" NUL <prev_hash as 32 bytes> <canonical JSON of the event, in UTF-8>

where the JSON holds ``seq``, ``kind``, ``v``, ``subject``, ``commit``, ``actor`` and ``data``, and
in the delivery chain ``at`` too. In the mesh chain the time of writing is no part of it: two
servers that read the same history at different times have the same hashes.
"""

import hashlib
import json
from typing import Final, NamedTuple

from events.codec import Encoded, json_object, revive
from events.types import Chain, Event, Record, Seq
from mesh.canonical import canonical

GENESIS: Final = "0" * 64
"""What stands for the hash before the first event."""

_DOMAIN: Final = b"gitmesh-event-v1\0"


class Row(NamedTuple):
    """One event as its table holds it: the columns, in their order."""

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
    """Return the row of an event at that place in that chain.

    :raises ValueError: the event holds what canonical JSON has no text for.
    """
    heading = (event.kind, event.v, event.subject, event.commit, event.actor)
    row = Row(seq, *heading, at, canonical(event.data), prev_hash, "")
    return row._replace(hash=event_hash(chain, row))


def event_hash(chain: Chain, row: Row) -> str:
    """Return the hash that a row must have; its own ``hash`` plays no part."""
    text = sealed_text(chain, row).encode()
    return hashlib.sha256(_DOMAIN + bytes.fromhex(row.prev_hash) + text).hexdigest()


def sealed_text(chain: Chain, row: Row) -> str:
    """Return the canonical JSON of what the hash of a row protects.

    The data goes in as it stands, so that even a changed space in it is found.
    """
    seq, kind, v, subject, commit, actor, at, data, _, _ = row
    when = f'"at":{_text(at)},' if chain is Chain.DELIVERY else ""
    return (
        f'{{"actor":{_text(actor)},{when}"commit":{_text(commit)},"data":{data},'
        f'"kind":{_text(kind)},"seq":{seq},"subject":{_text(subject)},"v":{v}}}'
    )


def record_of(chain: Chain, row: Row) -> Record:
    """Return a row with its data as an object.

    :raises Fatal: the data is damaged.
    """
    seq, kind, v, subject, commit, actor, at, data, prev, digest = row
    body = json_object(data)
    return Record(chain, Seq(seq), kind, v, subject, commit, actor, at, body, prev, digest)


def event_of(row: Row) -> Event:
    """Return the event that a row holds, whatever version of its kind it was written in.

    :raises Fatal: it was written by a newer gitmesh, or is damaged.
    """
    return revive(row.kind, row.v, row.subject, row.commit, json_object(row.data))


# What json.dumps(…, ensure_ascii=False) does with text, without its detours: verify is in a hurry.
_text: Final = json.encoder.encode_basestring
