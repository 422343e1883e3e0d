"""Whether a log is whole: what ``gitmesh verify`` looks at."""

import sqlite3
from collections.abc import Callable, Iterator

from events.chain import GENESIS, event_hash
from events.codec import Encoded
from events.projections import rebuild, rows
from events.schema import missing_triggers
from events.types import START, Chain, Record, Seq
from mesh.errors import GitmeshError


def findings(
    connection: sqlite3.Connection, read: Callable[[Chain], Iterator[Record]]
) -> list[str]:
    """Return everything that is wrong with a log, in words; nothing when it is whole.

    A tail that was cut off cannot be seen from within: for that, the head must have been written
    down elsewhere.
    """
    found = [f"trigger {name} is missing or altered" for name in missing_triggers(connection)]
    for chain in Chain:
        found += _chain_findings(chain, read(chain))
    if not any("cannot be read" in line for line in found):
        found += _projection_findings(connection, read)
    return found


def _chain_findings(chain: Chain, records: Iterator[Record]) -> list[str]:
    seq, prev = START, GENESIS
    try:
        for record in records:
            if record.seq != seq + 1:
                return [f"{chain} chain: event {seq + 1} is missing; {record.seq} follows {seq}"]
            seq = Seq(seq + 1)
            if record.prev_hash != prev:
                return [f"{chain} chain: event {seq} does not continue the event before it"]
            expected = event_hash(chain, prev, seq, _encoded(record), record.at)
            if record.hash != expected:
                return [f"{chain} chain: event {seq} ({record.kind}) is not what was written"]
            prev = record.hash
    except (ValueError, sqlite3.Error) as error:
        return [f"{chain} chain: event {seq + 1} cannot be read: {error}"]
    return []


def _encoded(record: Record) -> Encoded:
    return Encoded(record.kind, record.v, record.subject, record.commit, record.actor, record.data)


def _projection_findings(
    connection: sqlite3.Connection, read: Callable[[Chain], Iterator[Record]]
) -> list[str]:
    fresh = sqlite3.connect(":memory:")
    try:
        rebuild(fresh, (record for chain in Chain for record in read(chain)))
        expected, actual = rows(fresh), rows(connection)
    except (KeyError, TypeError, ValueError, sqlite3.Error, GitmeshError) as error:
        return [f"projections cannot be derived from the chains: {error}"]
    finally:
        fresh.close()
    return [
        f"projection {table} differs from what the chain says"
        for table in expected
        if expected[table] != actual[table]
    ]
