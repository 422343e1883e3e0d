"""Triggers reject changes of the event tables by any program."""

import sqlite3
from pathlib import Path

import pytest

from events.integrity.chain import GENESIS
from events.sqlite.schema import TABLES
from events.store import EventStore
from tests.support.logs import SHORT_HISTORY, SOME_DELIVERY, chain_rows, fill, outsider

TABLE = pytest.mark.parametrize("table", list(TABLES.values()), ids=str)

COLUMNS = 'seq, kind, v, subject, "commit", actor, at, data, prev_hash, hash'
OLD = f"SELECT {COLUMNS} FROM {{table}} WHERE seq = 2"
NEXT = "SELECT max(seq) + 1 FROM {table}"
LAST_HASH = "SELECT hash FROM {table} ORDER BY seq DESC LIMIT 1"

REWRITES = {
    "an update": "UPDATE {table} SET data = '{{}}' WHERE seq = 2",
    "an update of nothing but the time": "UPDATE {table} SET at = '' WHERE seq = 2",
    "an update or replace": "UPDATE OR REPLACE {table} SET seq = 1 WHERE seq = 2",
    "an update or ignore": "UPDATE OR IGNORE {table} SET data = '{{}}'",
    "an update of the rowid": "UPDATE {table} SET rowid = 99 WHERE seq = 2",
    "a delete": "DELETE FROM {table} WHERE seq = 2",
    "a delete of everything": "DELETE FROM {table}",
    "a replace by position": "REPLACE INTO {table} "
    "VALUES (2, 'Forged', 1, '', '', '', '', '{{}}', 'p', 'h')",
    "an insert or replace by position": "INSERT OR REPLACE INTO {table} " + OLD,
    "a replace by position, well linked": "INSERT OR REPLACE INTO {table} "
    "SELECT 2, 'Forged', v, subject, \"commit\", actor, at, data, prev_hash, 'new' "
    "FROM {table} WHERE seq = 2",
    "a replace by hash at the end": "INSERT OR REPLACE INTO {table} "
    f"SELECT ({NEXT}), 'Forged', 1, '', '', '', '', '{{{{}}}}', ({LAST_HASH}), hash "
    "FROM {table} WHERE seq = 2",
    "an upsert by position": "INSERT INTO {table} "
    + OLD
    + " ON CONFLICT (seq) DO UPDATE SET data = '{{}}'",
    "an upsert by hash": "INSERT INTO {table} "
    + OLD
    + " ON CONFLICT (hash) DO UPDATE SET data = '{{}}'",
    "an insert or ignore of an old event": "INSERT OR IGNORE INTO {table} " + OLD,
}

BAD_INSERTS = {
    "a gap": f"(SELECT max(seq) + 2 FROM {{table}}), {{values}}, ({LAST_HASH}), 'new'",
    "a position before the first": f"0, {{values}}, '{GENESIS}', 'new'",
    "no position": f"NULL, {{values}}, ({LAST_HASH}), 'new'",
    "a wrong previous hash": f"({NEXT}), {{values}}, 'wrong', 'new'",
    "no previous hash": f"({NEXT}), {{values}}, NULL, 'new'",
    "the hash of an event before": f"({NEXT}), {{values}}, ({LAST_HASH}), ({LAST_HASH})",
}
VALUES = "'Forged', 1, '', '', '', '', '{}'"


@pytest.fixture
def filled(path: Path, log: EventStore) -> Path:
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    return path


@TABLE
@pytest.mark.parametrize("sql", REWRITES.values(), ids=REWRITES.keys())
def test_rewriting_the_past_is_refused(filled: Path, table: str, sql: str) -> None:
    before = chain_rows(filled)
    with (
        outsider(filled) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(sql.format(table=table))
    assert chain_rows(filled) == before


@TABLE
@pytest.mark.parametrize("row", BAD_INSERTS.values(), ids=BAD_INSERTS.keys())
@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_only_the_next_event_is_taken(filled: Path, table: str, row: str, verb: str) -> None:
    before = chain_rows(filled)
    values = row.format(table=table, values=VALUES)
    with (
        outsider(filled) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(f"{verb} INTO {table} VALUES ({values})")
    assert chain_rows(filled) == before


@TABLE
def test_the_next_event_is_taken(filled: Path, table: str) -> None:
    """The counterpart of the refusals: what they refuse is not simply every insert."""
    with outsider(filled) as connection:
        next_, last = NEXT.format(table=table), LAST_HASH.format(table=table)
        connection.execute(f"INSERT INTO {table} VALUES (({next_}), {VALUES}, ({last}), 'new')")
        assert connection.execute(f"SELECT max(hash) FROM {table}").fetchone() == ("new",)


@TABLE
def test_the_first_event_continues_nothing(path: Path, log: EventStore, table: str) -> None:
    with outsider(path) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"INSERT INTO {table} VALUES (1, {VALUES}, '{'1' * 64}', 'new')")
        connection.execute(f"INSERT INTO {table} VALUES (1, {VALUES}, '{GENESIS}', 'new')")
