"""Tables and triggers of the log file, and their migrations.

Triggers prevent mistakes, not attacks: anyone with write access to the file can drop them. The hash
chain and ``gitmesh verify`` detect that.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from typing import Final

from events.integrity.chain import GENESIS
from events.types import Chain

TABLES: Final = {Chain.MESH: "mesh_events", Chain.DELIVERY: "delivery_events"}

COLUMNS: Final = """
    seq       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    v         INTEGER NOT NULL,
    subject   TEXT NOT NULL,
    "commit"  TEXT NOT NULL,
    actor     TEXT NOT NULL,
    at        TEXT NOT NULL,
    data      TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL UNIQUE
"""


def triggers(table: str) -> dict[str, str]:
    """Return the triggers that a chain's table must have, by name.

    The INSERT trigger also prevents ``INSERT OR REPLACE``, which deletes the old row without firing
    DELETE triggers unless ``recursive_triggers`` is on; other tools leave it off.
    """
    return {
        f"{table}_no_update": f"""CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, 'append-only: {table} cannot be changed'); END""",
        f"{table}_no_delete": f"""CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, 'append-only: {table} cannot be deleted from'); END""",
        f"{table}_append": f"""CREATE TRIGGER {table}_append BEFORE INSERT ON {table}
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM {table})
  OR EXISTS (SELECT 1 FROM {table} WHERE hash = NEW.hash)
  OR NEW.prev_hash IS NOT coalesce((SELECT hash FROM {table} WHERE seq = NEW.seq - 1), '{GENESIS}')
BEGIN SELECT RAISE(ABORT, 'append-only: not the next event of {table}'); END""",  # noqa: S608
    }


PROJECTIONS: Final = """
CREATE TABLE resource_versions (
    key TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
    "commit" TEXT NOT NULL, path TEXT NOT NULL, spec TEXT NOT NULL,
    PRIMARY KEY (key, since)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX resource_versions_current ON resource_versions (key) WHERE until IS NULL;
CREATE TABLE commits (
    seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL,
    "commit" TEXT NOT NULL, tree TEXT NOT NULL, outcome TEXT NOT NULL
) STRICT;
CREATE INDEX commits_by_commit ON commits ("commit");
CREATE INDEX commits_by_tree ON commits (tree) WHERE outcome = 'applied';
CREATE TABLE proxies (
    proxy TEXT PRIMARY KEY, node TEXT NOT NULL, version TEXT NOT NULL, connected INTEGER NOT NULL,
    state TEXT NOT NULL, "commit" TEXT NOT NULL, seq INTEGER NOT NULL, refusal INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX proxies_by_node ON proxies (node);
CREATE TABLE nodes (
    node TEXT PRIMARY KEY, accepted INTEGER, accepted_commit TEXT, refusal INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    published INTEGER PRIMARY KEY, "commit" TEXT NOT NULL, mesh_seq INTEGER NOT NULL,
    converged INTEGER
) STRICT;
CREATE INDEX snapshots_by_commit ON snapshots ("commit");
CREATE TABLE sources (reason TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE workers (worker INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
CREATE TABLE positions (
    chain TEXT PRIMARY KEY, seq INTEGER NOT NULL, projector INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

PROJECTION_TABLES: Final = (
    "resource_versions",
    "commits",
    "proxies",
    "nodes",
    "snapshots",
    "sources",
    "workers",
    "positions",
)

INDEXES: Final = {
    name: f"CREATE INDEX {name} ON {on}"
    for name, on in (
        ("mesh_events_by_commit", 'mesh_events ("commit")'),
        ("delivery_events_by_commit", 'delivery_events ("commit")'),
        ("delivery_events_starts", "delivery_events (at) WHERE kind = 'ServerStarted'"),
    )
}
"""Indexes of the chains. Like projections, they can be derived again from the chains."""

_READABLE: Final = frozenset({"0001_log", "0002_projections"})
_INDEXED: Final = "0003_indexes"
STEPS: Final = _READABLE | {_INDEXED}
"""Names of all migrations (:mod:`events.sqlite.migrations`)."""
STEPS_TABLE: Final = "_sqlite_migrations"
"""Table in which sqlite-utils records applied migrations."""


def create_log(connection: sqlite3.Connection) -> None:
    """Create the empty event tables of both chains, and the triggers that keep them append-only."""
    for table in TABLES.values():
        connection.execute(f"CREATE TABLE {table} ({COLUMNS}) STRICT")
        for sql in triggers(table).values():
            connection.execute(sql)


def create_projections(connection: sqlite3.Connection) -> None:
    """Create the empty projection tables."""
    for statement in PROJECTIONS.split(";"):
        if statement.strip():
            connection.execute(statement)


def create_indexes(connection: sqlite3.Connection) -> None:
    """Create the indexes of the chains, replacing existing indexes of the same names."""
    for name, sql in INDEXES.items():
        connection.execute(f"DROP INDEX IF EXISTS {name}")
        connection.execute(sql)


def wrong_protection(connection: sqlite3.Connection) -> list[str]:
    """Return the problems of the chains' tables and triggers: ``trigger x is missing``.

    A foreign trigger could drop appended events. A table with swapped column names would return
    wrong values.
    """
    expected = _made_by(create_log)
    strange = {("trigger", name) for kind, name in _texts(connection) if kind == "trigger"}
    return sorted(
        _differing(connection, expected)
        + [f"trigger {name} is not ours" for _, name in strange - expected.keys()]
    )


def wrong_projections(connection: sqlite3.Connection) -> list[str]:
    """Return the problems of the derived objects: the projection tables, and all indexes."""
    expected = dict(_made_by(create_projections))
    if _INDEXED in applied_steps(connection):
        expected |= {("index", name): sql for name, sql in INDEXES.items()}
    return sorted(_differing(connection, expected))


_Texts = dict[tuple[str, str], str]
"""SQL statements of tables, indexes and triggers, by type and name."""


@cache
def _made_by(create: Callable[[sqlite3.Connection], None]) -> _Texts:
    with closing(sqlite3.connect(":memory:")) as connection:
        create(connection)
        return _texts(connection)


def _texts(connection: sqlite3.Connection) -> _Texts:
    found = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(kind, name): sql for kind, name, sql in found}


def _differing(connection: sqlite3.Connection, expected: _Texts) -> list[str]:
    found = _texts(connection)
    return [
        f"{kind} {name} is {'altered' if (kind, name) in found else 'missing'}"
        for (kind, name), sql in expected.items()
        if found.get((kind, name)) != sql
    ]


def applied_steps(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the file's applied migrations; none if it is empty."""
    if not connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (STEPS_TABLE,)
    ).fetchone():
        return []
    found = connection.execute(
        f"SELECT name FROM {STEPS_TABLE} WHERE migration_set = 'gitmesh' ORDER BY rowid"  # noqa: S608
    )
    return [str(name) for (name,) in found]


def is_readable(applied: Iterable[str]) -> bool:
    """Return whether a file with these migrations can answer all queries, even if slowly."""
    return set(applied) >= _READABLE


def unknown_steps(applied: Iterable[str]) -> list[str]:
    """Return the migrations that this version of gitmesh does not know."""
    return sorted(set(applied) - STEPS)


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Return whether the file is another application's database."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    return bool(tables) and STEPS_TABLE not in tables
