"""Schema migrations: the steps that bring an older log file to the current form.

This is a separate module because only writers need it: importing sqlite-utils takes 30 ms, which
would delay the hooks of every push.
"""

import sqlite3
from typing import Final

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from events.sqlite.schema import create_indexes, create_log, create_projections

migrations: Final = Migrations("gitmesh")


@migrations(name="0001_log")
def _log(db: Database) -> None:
    create_log(db.conn)


@migrations(name="0002_projections")
def _projections(db: Database) -> None:
    create_projections(db.conn)


@migrations(name="0003_indexes")
def _indexes(db: Database) -> None:
    create_indexes(db.conn)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that the file does not have yet."""
    migrations.apply(Database(connection))
