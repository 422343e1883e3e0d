"""The hash chain: how each event seals the one before it. Pure.

``hash`` is the SHA-256, in hex, of

    "gitmesh-event-v1" NUL <prev_hash as 32 bytes> <canonical JSON of the event>

where the JSON holds ``seq``, ``kind``, ``v``, ``subject``, ``commit``, ``actor`` and ``data``, and
in the delivery chain ``at`` too. In the mesh chain the time of writing is no part of it: two
servers that read the same history at different times have the same hashes.
"""

import hashlib
from typing import Final

from events.codec import Encoded
from events.types import Chain, Seq
from mesh.canonical import JsonObject, canonical

GENESIS: Final = "0" * 64
"""What stands for the hash before the first event."""

_DOMAIN: Final = b"gitmesh-event-v1\0"


def event_hash(chain: Chain, prev_hash: str, seq: Seq, event: Encoded, at: str) -> str:
    """Return the hash of an event at that place in that chain."""
    body: JsonObject = {
        "seq": seq,
        "kind": event.kind,
        "v": event.v,
        "subject": event.subject,
        "commit": event.commit,
        "actor": event.actor,
        "data": event.data,
    }
    if chain is Chain.DELIVERY:
        body["at"] = at
    text = canonical(body).encode()
    return hashlib.sha256(_DOMAIN + bytes.fromhex(prev_hash) + text).hexdigest()
