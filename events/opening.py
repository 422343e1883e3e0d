"""Opening of the event log by its location; also its backup, and checks from outside.

Imports are inside the functions: a command loads only the parts of the store that it uses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from events.clock import utc_now

if TYPE_CHECKING:
    from events.store import EventReader, EventStore, Progress

EventLocation: TypeAlias = Path
"""Location of a log: the path of an SQLite file."""


def open_for_reading(location: EventLocation) -> "EventReader":
    """Open a log for reading, whether or not a server writes to it. The result is also a context
    manager.

    :raises UsageError: there is no log.
    :raises LogUnavailable: the log cannot be opened now.
    :raises Fatal: the file is not a gitmesh log, or another version of gitmesh wrote it.
    """
    from events.sqlite.store import SqliteEventStore

    return SqliteEventStore.read_only(location)


def open_for_writing(
    location: EventLocation, *, now: Callable[[], datetime] = utc_now
) -> "EventStore":
    """Open a log as its only writer; create or upgrade it as needed. The result is also a context
    manager.

    :raises LogUnavailable: the log cannot be opened now.
    :raises Fatal: another process writes to the log, a trigger is missing, or the file is not a
        gitmesh log.
    """
    from events.sqlite.store import SqliteEventStore

    return SqliteEventStore.open(location, now=now)


def has_writer(location: EventLocation) -> bool | None:
    """Return whether some process has the log open for writing; ``None`` if that cannot be
    determined."""
    from events.sqlite.opening import is_claimed

    return is_claimed(location)


def size_of(location: EventLocation) -> int:
    """Return the size of a log in bytes, with the changes that wait to be merged into it."""
    paths = (location, location.with_name(f"{location.name}-wal"))
    return sum(path.stat().st_size for path in paths if path.is_file())


def back_up(location: EventLocation, target: Path, progress: "Progress | None" = None) -> list[str]:
    """Copy the log to a new file; return the problems of the copy as text.

    :raises UsageError: ``target`` exists already, or its folder does not.
    :raises LogUnavailable: the disk is full.
    """
    from events.sqlite import backup

    return backup.back_up(location, target, progress)


@dataclass(frozen=True, slots=True)
class Engine:
    """The database engine that stores the log."""

    name: str
    version: str
    caution: str
    """A known problem of this version, with the remedy, as a sentence; empty if there is none."""


def engine() -> Engine:
    """Return the engine that this process uses."""
    from events.sqlite import version

    caution = version.WAL_RESET if version.has_wal_reset_bug() else ""
    return Engine("sqlite", version.sqlite_version(), caution)
