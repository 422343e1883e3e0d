"""Whether a log is whole: what ``gitmesh verify`` looks at."""

import sqlite3
from collections.abc import Callable, Iterator

from events.chain import GENESIS, Row, event_hash
from events.projections import rebuild, rows
from events.schema import TABLES, wrong_triggers
from events.types import START, Chain, Record, Seq
from mesh.errors import Fatal


def findings(
    connection: sqlite3.Connection, read: Callable[[Chain], Iterator[Record]]
) -> list[str]:
    """Return everything that is wrong with a log, in words; nothing when it is whole.

    Of each chain the first event that is wrong is named: nothing behind it can be trusted either.
    A tail that was cut off cannot be seen from within: for that, the head must have been written
    down elsewhere.
    """
    found = [f"trigger {trigger}" for trigger in wrong_triggers(connection)]
    for chain in Chain:
        found += _chain_findings(connection, chain)
    return found + _projection_findings(connection, read)


def _chain_findings(connection: sqlite3.Connection, chain: Chain) -> list[str]:
    seq, prev = START, GENESIS
    try:
        for found in connection.execute(f"SELECT * FROM {TABLES[chain]} ORDER BY seq"):  # noqa: S608
            row = Row(*found)
            if row.seq != seq + 1:
                return [f"{chain} chain: event {seq + 1} is missing; {row.seq} follows {seq}"]
            seq = Seq(seq + 1)
            if row.prev_hash != prev:
                return [f"{chain} chain: event {seq} does not continue the event before it"]
            if row.hash != event_hash(chain, row):
                return [f"{chain} chain: event {seq} ({row.kind}) is not what was written"]
            prev = row.hash
    except (TypeError, sqlite3.Error) as error:
        return [f"{chain} chain: event {seq + 1} cannot be read: {error}"]
    return []


def _projection_findings(
    connection: sqlite3.Connection, read: Callable[[Chain], Iterator[Record]]
) -> list[str]:
    fresh = sqlite3.connect(":memory:")
    fresh.execute("PRAGMA journal_mode = OFF")
    try:
        rebuild(fresh, (record for chain in Chain for record in read(chain)))
        expected, actual = rows(fresh), rows(connection)
    except (Fatal, sqlite3.Error) as error:
        text = error.message if isinstance(error, Fatal) else str(error)
        return [f"the projections cannot be compared with the chains: {text}"]
    finally:
        fresh.close()
    return [
        f"projection {table} differs from what the chain says"
        for table in expected
        if expected[table] != actual[table]
    ]
