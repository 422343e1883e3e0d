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

    Of events with the same time, those of the mesh chain come first. ``behind`` has the position in
    each chain after which to start.
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
