"""The newest events of both chains, in order of time."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace

from events.query import EVERYTHING, Query
from events.store import EventReader
from events.types import Chain, Record, Seq


def newest(
    log: EventReader,
    chains: Sequence[Chain],
    limit: int,
    query: Query = EVERYTHING,
    *,
    behind: Mapping[Chain, Seq] | None = None,
) -> list[Record]:
    """Return the last ``limit`` matching events, oldest first; all if it is 0.

    At the same time, events of the mesh chain come first. ``behind`` are positions to start after.
    """
    after = behind or {}
    found = (
        log.select(chain, replace(query, after=int(after.get(chain, query.after))), limit)
        for chain in chains
    )
    records = list(heapq.merge(*found, key=_when))
    return records[-limit:] if limit else records


def _when(record: Record) -> tuple[str, bool, int]:
    return record.at, record.chain is not Chain.MESH, record.seq


def record_json(record: Record) -> dict[str, object]:
    """Return an event with all its fields, in the form of ``--json``."""
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
