"""Detection of objects in the log file that gitmesh did not create."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Final

from events.sqlite.schema import STEPS_TABLE, create_indexes, create_log, create_projections

MOST: Final = 20
"""Maximum number of foreign objects that a problem names."""
_LITESTREAM: Final = frozenset({"_litestream_seq", "_litestream_lock"})
"""Tables that Litestream adds to every database that it replicates."""
_NUMBERS: Final = ("user_version", "application_id")
"""Header fields of the file that an application may set; gitmesh sets neither."""

_Named = tuple[str, str, str]
"""Type and name of an object, and the table that it belongs to."""


def foreign(connection: sqlite3.Connection) -> list[str]:
    """Return descriptions of foreign objects in the log file; normally none.

    Foreign objects change no event. But other readers of the file can mistake a view or a table for
    the log, and an index can prevent the insertion of an event.
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
    """Return whether an object was created by SQLite itself, sqlite-utils or Litestream."""
    of_steps = table == STEPS_TABLE and name in (
        STEPS_TABLE,
        f"idx_{STEPS_TABLE}_migration_set_name",
    )
    return of_steps or table in _LITESTREAM or name.startswith("sqlite_stat")


def _objects(connection: sqlite3.Connection) -> set[_Named]:
    """Return all objects except triggers: foreign triggers are reported with the protection of the
    tables."""
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
