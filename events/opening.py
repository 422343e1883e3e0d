"""Opening the log's file: the right to write it, its settings, and whether it is a log of ours."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Final

from events.failures import explained
from events.schema import (
    STEPS,
    applied_steps,
    is_foreign,
    unknown_steps,
    wrong_protection,
)
from events.sqlite_version import require_sqlite
from mesh.errors import Fatal

PATIENCE_S: Final = 5.0
"""How long to wait for whoever holds the file: nobody should, for longer than a moment."""


def claim(path: Path) -> IO[bytes]:
    """Take the right to write, which ends with the process whatever its end.

    :raises Fatal: another process has it, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The same file by another name must have the same guard.
        guard = Path(f"{path.resolve()}.lock").open("ab")  # noqa: SIM115 - held until close()
    except OSError as error:
        raise Fatal(
            f"{path}: the event log cannot be opened: {error.strerror}",
            hint="check that the folder may be written, or choose another with --log",
        ) from error
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        guard.close()
        raise Fatal(
            f"{path}: another process is writing to this event log",
            hint="end the other gitmesh serve, or give this one a log of its own with --log",
        ) from error
    return guard


def is_claimed(path: Path) -> bool | None:
    """Tell whether some process has the right to write now; ``None`` where that cannot be told.

    The system is asked for its locks: to try the lock would keep a server from starting meanwhile.
    """
    try:
        guard = Path(f"{path.resolve()}.lock").stat().st_ino
        locks = Path("/proc/locks").read_text()
    except FileNotFoundError as error:
        return None if error.filename == "/proc/locks" else False
    except OSError:
        return None
    rows = [line.split() for line in locks.splitlines()]
    return any("FLOCK" in row and row[-3].rpartition(":")[2] == str(guard) for row in rows)


def connect(path: Path, *, patience_s: float = PATIENCE_S) -> sqlite3.Connection:
    """Return a connection that writes, to a file with today's tables and triggers.

    :raises LogUnavailable: another process holds the file.
    :raises Fatal: it cannot be written, is no log of ours, has lost a trigger, or this SQLite is
        too old.
    """
    require_sqlite()
    with explained(path):
        connection = sqlite3.connect(
            path, timeout=patience_s, isolation_level=None, check_same_thread=False
        )
        try:
            prepare(path, connection)
        except BaseException:
            connection.close()
            raise
    return connection


def file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells this file from any other of its name; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect_read_only(path: Path, *, patience_s: float = PATIENCE_S) -> sqlite3.Connection:
    """Return a connection that cannot write, and never checkpoints.

    :raises Fatal: the file cannot be read, or is no log of ours.
    """
    require_sqlite()
    with explained(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{_reading(path)}",
            uri=True,
            timeout=patience_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            if not _steps(path, connection) >= STEPS:
                raise Fatal(
                    f"{path}: this log is empty, or of an older gitmesh",
                    hint="start gitmesh serve once: it makes or upgrades the file",
                )
        except BaseException:
            connection.close()
            raise
    return connection


def _reading(path: Path) -> str:
    """Return how SQLite is to read the file.

    Readers of a write-ahead log keep a small file beside it. Where none can be made and no writer
    is about, as with a backup on read-only ground, the file is read as one that cannot change.
    """
    alone = not Path(f"{path}-wal").exists() and not Path(f"{path}-shm").exists()
    return "mode=ro&immutable=1" if alone and not os.access(path.parent, os.W_OK) else "mode=ro"


def prepare(path: Path, connection: sqlite3.Connection) -> None:
    """Make the file behind a connection a log of today's form, every commit of which is kept.

    :raises Fatal: it is no log of ours, has lost a trigger, or cannot keep a write-ahead log.
    """
    from events.migrations import migrate  # Who only reads can do without it.

    _steps(path, connection)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise Fatal(
            f"{path}: no write-ahead log can be kept here (journal mode {mode})",
            hint="put the log on a local disk, not on a network file system",
        )
    connection.execute("PRAGMA synchronous = FULL")
    migrate(connection)
    if wrong := wrong_protection(connection):
        raise Fatal(
            f"{path}: the log is not protected: {', '.join(wrong)}",
            hint="somebody changed the file; gitmesh verify tells whether its events are whole",
        )


def _steps(path: Path, connection: sqlite3.Connection) -> frozenset[str]:
    """Return the schema steps that the file has gone through, all of which are known here."""
    if is_foreign(connection):
        raise Fatal(
            f"{path}: this is a database, but not an event log",
            hint="choose another file with --log",
        )
    applied = applied_steps(connection)
    if unknown := unknown_steps(applied):
        raise Fatal(
            f"{path}: the log was written by a newer gitmesh ({', '.join(unknown)})",
            hint="upgrade this one",
        )
    return frozenset(applied)
