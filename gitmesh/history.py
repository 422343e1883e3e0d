"""The newest events of both chains in the order in which they happened."""

import heapq
from collections.abc import Iterator, Sequence

from events.store import EventLog
from events.types import START, Chain, Record, Seq


def newest(log: EventLog, chains: Sequence[Chain], limit: int) -> list[Record]:
    """Return the last ``limit`` events, oldest first; at the same instant the mesh chain first."""
    merged = heapq.merge(*(_tail(log, chain, limit) for chain in chains), key=_when)
    records = list(merged)
    return records[-limit:] if limit else records


def _tail(log: EventLog, chain: Chain, limit: int) -> Iterator[Record]:
    head = log.head(chain).seq
    return log.read(chain, after=Seq(max(START, head - limit)) if limit else START)


def _when(record: Record) -> tuple[str, bool, int]:
    return record.at, record.chain is not Chain.MESH, record.seq


def record_json(record: Record) -> dict[str, object]:
    """Return an event as ``--json`` shows it: everything that the log holds of it."""
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
