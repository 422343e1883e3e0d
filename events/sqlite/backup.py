"""Backup of the log while a server writes to it.

The copy is one consistent moment of the log. SQLite's backup API reads like any other reader: it
blocks no other process and never checkpoints. A plain file copy would lack the content of the
write-ahead log.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from events.sqlite.failures import explained
from events.sqlite.opening import connect_read_only
from events.sqlite.store import SqliteEventStore
from events.store import LogUnavailable, Progress
from mesh.errors import UsageError


def back_up(source: Path, target: Path, progress: Progress | None = None) -> list[str]:
    """Copy the log at ``source`` to a new file; return the problems of the copy as text.

    The file gets its final name only when it is completely on disk. It is a single file that can be
    read on read-only storage, and that a server can open as a log.

    :raises UsageError: ``target`` exists already, or its folder does not.
    :raises LogUnavailable: the disk is full.
    """
    if target.exists():
        raise UsageError(f"{target} exists already", hint="choose another file")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", hint="create it first")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        _copy(source, partial)
        with SqliteEventStore.read_only(partial) as log:
            found = log.verify(progress)
        _to_disk(partial)
        partial.rename(target)
        _to_disk(target.parent)
    except OSError as error:
        raise LogUnavailable(
            f"{target}: the copy cannot be made: {error.strerror}",
            hint="choose a path that can be written and has room",
        ) from error
    finally:
        for left in (partial, *(Path(f"{partial}{end}") for end in ("-wal", "-shm", "-journal"))):
            with contextlib.suppress(OSError):
                left.unlink()
    return found


def _copy(source: Path, target: Path) -> None:
    reader = connect_read_only(source)
    try:
        with explained(target):
            writer = sqlite3.connect(target, isolation_level=None)
            try:
                reader.backup(writer)
                writer.execute("PRAGMA journal_mode = DELETE")
            finally:
                writer.close()
    finally:
        reader.close()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
