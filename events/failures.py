"""What SQLite's errors mean for the log, and what a person can do about each."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mesh.errors import Fatal, GitmeshError, Retryable


class LogMoved(Retryable):
    """Another writer appended first; read the head and plan again."""


class LogUnavailable(Retryable):
    """The log cannot take an event right now: the disk is full, or another process holds it."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, naming the file and the remedy.

    :raises LogUnavailable: it may work later; nothing was written.
    :raises Fatal: it will not; nothing was written.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.Error) -> GitmeshError:
    text = str(error)
    if "disk is full" in text:
        return LogUnavailable(f"{path}: no room for the event log", hint="free some disk space")
    if "locked" in text:
        return LogUnavailable(
            f"{path}: another process holds the event log", hint="end what has the file open"
        )
    if "not a database" in text or "malformed" in text:
        return Fatal(
            f"{path}: this is not an event log, or it is damaged: {text}",
            hint="restore it from a backup; or move it away, and the mesh chain is made "
            "again from git (the delivery chain is not)",
        )
    if "readonly" in text or "unable to open" in text:
        return Fatal(
            f"{path}: the event log cannot be opened: {text}",
            hint="check that the file and its folder exist and may be written",
        )
    return Fatal(f"{path}: {text}", hint="run gitmesh verify on the log")
