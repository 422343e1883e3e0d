"""An attacker with write access to the log file, who recomputes all hashes after a change."""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from events.integrity.chain import GENESIS, Row, event_hash
from events.opening import open_for_reading
from events.sqlite.projections import rebuild
from events.sqlite.schema import TABLES
from events.types import Chain
from mesh.canonical import Json, canonical
from mesh.errors import Fatal
from tests.support.logs import unprotected

Edit = Callable[[list[Row]], Sequence[Row]]
"""Function from the rows of a chain to the forged rows."""


@contextmanager
def _rows(path: Path, chain: Chain) -> Iterator[tuple[sqlite3.Connection, list[Row]]]:
    with unprotected(path) as connection:
        table = TABLES[chain]
        found = connection.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall()
        yield connection, [Row(*row) for row in found]


def forge(path: Path, edit: Edit, chain: Chain = Chain.MESH) -> None:
    """Rewrite a chain and make the file consistent: numbers, hashes, projections."""
    with _rows(path, chain) as (connection, rows):
        table = TABLES[chain]
        connection.execute(f"DELETE FROM {table}")
        prev = GENESIS
        for seq, row in enumerate(edit(rows), 1):
            row = row._replace(seq=seq, prev_hash=prev)
            prev = event_hash(chain, row)
            marks = ", ".join("?" * len(row))
            sealed = row._replace(hash=prev)
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", sealed)
    log = open_for_reading(path)
    try:
        # What makes no sense at all cannot be projected either.
        with unprotected(path) as connection, contextlib.suppress(Fatal, AssertionError):
            rebuild(connection, (record for each in Chain for record in log.read(each)))
    finally:
        log.close()


def changed(at: int, **columns: Any) -> Edit:
    """Change columns of the event at a position."""
    return lambda rows: [*rows[: at - 1], rows[at - 1]._replace(**columns), *rows[at:]]


def replaced(at: int, old: str, new: str) -> Edit:
    """Change a word in the data of the event at a position."""

    def edit(rows: list[Row]) -> list[Row]:
        text = rows[at - 1].data
        assert old in text
        rows[at - 1] = rows[at - 1]._replace(data=text.replace(old, new))
        return rows

    return edit


def retold(at: int, kind: str, *left_out: str, **added: Json) -> Edit:
    """Replace the event at a position by one of another kind with other data."""

    def edit(rows: list[Row]) -> list[Row]:
        data = {k: v for k, v in json.loads(rows[at - 1].data).items() if k not in left_out}
        rows[at - 1] = rows[at - 1]._replace(kind=kind, data=canonical({**data, **added}))
        return rows

    return edit


def moved(at: int, to: int) -> Edit:
    """Move the event at a position before another one."""

    def edit(rows: list[Row]) -> list[Row]:
        rows.insert(to - 1, rows.pop(at - 1))
        return rows

    return edit


def without(first: int, last: int) -> Edit:
    """Remove the events from a position to another."""
    return lambda rows: [*rows[: first - 1], *rows[last:]]
