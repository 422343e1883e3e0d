"""Backup of an event log, made while a server writes to it."""

from dataclasses import dataclass
from pathlib import Path

from events.opening import EventLocation, back_up
from events.store import Progress


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a log."""

    file: Path
    size: int
    """Size of the copy in bytes."""
    problems: tuple[str, ...]
    """Problems of the copy, which the log has, too; none if it is intact."""


def back_up_log(log: EventLocation, file: Path, progress: Progress | None = None) -> Backup:
    """Copy a log to a new file, and check the copy.

    :raises UsageError: ``file`` exists already, or its folder does not.
    :raises LogUnavailable: the disk is full.
    """
    problems = back_up(log, file, progress)
    return Backup(file, file.stat().st_size, tuple(problems))
