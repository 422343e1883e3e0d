"""The steps by which a new or older log file becomes today's.

Apart from the tables themselves, because only who writes a log takes them: sqlite-utils takes 30 ms
to be imported, which every push would wait for in a hook.
"""

import sqlite3
from typing import Final

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from events.schema import create_log, create_projections

migrations: Final = Migrations("gitmesh")


@migrations(name="0001_log")
def _log(db: Database) -> None:
    create_log(db.conn)


@migrations(name="0002_projections")
def _projections(db: Database) -> None:
    create_projections(db.conn)


def migrate(connection: sqlite3.Connection) -> None:
    """Take the file through those steps that it has not gone through."""
    migrations.apply(Database(connection))
