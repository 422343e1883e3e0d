"""Detection of objects in the log file that gitmesh did not create."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Final

from events.sqlite.schema import STEPS_TABLE, create_indexes, create_log, create_projections

MOST: Final = 20
"""Foreign objects that are named."""
_LITESTREAM: Final = frozenset({"_litestream_seq", "_litestream_lock"})
"""Litestream keeps these in every file that it copies."""
_NUMBERS: Final = ("user_version", "application_id")
"""Numbers in the file's head, free for a program to set. gitmesh sets neither."""

_Named = tuple[str, str, str]
"""Type, name, and the table that it belongs to."""


def foreign(connection: sqlite3.Connection) -> list[str]:
    """Return descriptions of foreign objects in the log file; normally none.

    They change no event. But a reader of the file can mistake a view or a table for the log, and an
    index can prevent the insertion of an event.
    """
    strange = sorted(_objects(connection) - _ours())
    told = [
        f"file: {kind} {name} is not ours" for kind, name, of in strange if not _known(name, of)
    ]
    more = len(told) - MOST
    if more > 0:
        told = [*told[:MOST], f"file: {more:,} more objects are not ours"]
    return told + list(_others(connection))


def _others(connection: sqlite3.Connection) -> Iterator[str]:
    for name in _NUMBERS:
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found:
            yield f"file: its {name} is {found}, where gitmesh leaves 0"
    for (name,) in connection.execute(
        f"SELECT DISTINCT migration_set FROM {STEPS_TABLE} WHERE migration_set IS NOT 'gitmesh'"  # noqa: S608
    ):
        yield f"file: steps of {name!r} are not ours ({STEPS_TABLE})"


def _known(name: str, table: str) -> bool:
    """Tell whether SQLite itself, sqlite-utils or Litestream has put it there."""
    of_steps = table == STEPS_TABLE and name in (
        STEPS_TABLE,
        f"idx_{STEPS_TABLE}_migration_set_name",
    )
    return of_steps or table in _LITESTREAM or name.startswith("sqlite_stat")


def _objects(connection: sqlite3.Connection) -> set[_Named]:
    """Return all objects except triggers: a foreign trigger is reported as lost protection."""
    found = connection.execute(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE type <> 'trigger'"
    )
    return {(str(kind), str(name), str(table)) for kind, name, table in found}


@cache
def _ours() -> frozenset[_Named]:
    with closing(sqlite3.connect(":memory:")) as connection:
        create_log(connection)
        create_projections(connection)
        create_indexes(connection)
        return frozenset(_objects(connection))
