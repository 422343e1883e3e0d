"""Opening of the log file: writer lock, connection settings, and recognition of gitmesh's files."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Final

from events.sqlite.failures import explained
from events.sqlite.schema import (
    applied_steps,
    is_foreign,
    is_readable,
    unknown_steps,
    wrong_protection,
)
from events.sqlite.version import require_sqlite
from mesh.errors import Fatal

PATIENCE_S: Final = 5.0
"""Maximum wait for another process that holds the file."""


def claim(path: Path) -> IO[bytes]:
    """Take the writer lock, which is released when the process ends.

    :raises Fatal: another process holds the lock, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # All names of one file must have the same lock.
        guard = Path(f"{path.resolve()}.lock").open("ab")  # noqa: SIM115 - held until close()
    except OSError as error:
        raise Fatal(
            f"{path}: the event log cannot be opened: {error.strerror}",
            hint="check that the folder is writable, or choose another with --log",
        ) from error
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        guard.close()
        raise Fatal(
            f"{path}: another process is writing to this event log",
            hint="stop the other gitmesh serve, or use another log with --log",
        ) from error
    return guard


def is_claimed(path: Path) -> bool | None:
    """Return whether some process holds the writer lock; ``None`` if that cannot be determined.

    The function reads the system's lock table. To try the lock itself could keep a server from
    starting.
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
    """Return a writing connection to a file with the current tables and triggers.

    :raises LogUnavailable: another process holds the file.
    :raises Fatal: the file cannot be written, is not a gitmesh log, lacks a trigger, or this SQLite
        is too old.
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
    """Return the identity of a file on disk; None if it does not exist."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect_read_only(path: Path, *, patience_s: float = PATIENCE_S) -> sqlite3.Connection:
    """Return a read-only connection, which never checkpoints.

    :raises Fatal: the file cannot be read, or is not a gitmesh log.
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
            if not is_readable(_steps(path, connection)):
                raise Fatal(
                    f"{path}: this log is empty, or was written by an older gitmesh",
                    hint="start gitmesh serve once: it creates or upgrades the file",
                )
        except BaseException:
            connection.close()
            raise
    return connection


def _reading(path: Path) -> str:
    """Return SQLite's open mode for reading the file.

    Readers of a write-ahead log keep a small file beside it. If none can be created and there is no
    writer, as for a backup on read-only storage, the file is opened as immutable.
    """
    alone = not Path(f"{path}-wal").exists() and not Path(f"{path}-shm").exists()
    return "mode=ro&immutable=1" if alone and not os.access(path.parent, os.W_OK) else "mode=ro"


def prepare(path: Path, connection: sqlite3.Connection) -> None:
    """Migrate the connection's file to the current schema, and make every commit durable.

    :raises Fatal: the file is not a gitmesh log, lacks a trigger, or cannot use a write-ahead log.
    """
    from events.sqlite.migrations import migrate  # Imported late: readers do not need it.

    _steps(path, connection)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise Fatal(
            f"{path}: SQLite cannot use a write-ahead log here (journal mode {mode})",
            hint="put the log on a local disk, not on a network file system",
        )
    connection.execute("PRAGMA synchronous = FULL")
    migrate(connection)
    if wrong := wrong_protection(connection):
        raise Fatal(
            f"{path}: the log is not protected: {', '.join(wrong)}",
            hint="somebody changed the file; check its events: gitmesh verify",
        )


def _steps(path: Path, connection: sqlite3.Connection) -> frozenset[str]:
    """Return the applied migrations of the file, all of which this version must know."""
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
