"""SQLite's errors translated to errors of the log, with remedies."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from events import memory
from events.descriptors import HINT, shortage
from events.store import LogOutOfMemory, LogUnavailable
from mesh.errors import Fatal, GitmeshError


@contextmanager
def explained(path: Path, *, in_use: bool = False) -> Iterator[None]:
    """Context manager that converts SQLite's errors to gitmesh's, naming the file and the remedy.

    :param in_use: the log was open and intact before, so the obstacle to reading or writing may be
        temporary.
    :raises LogUnavailable: a retry may work; nothing was written.
    :raises Fatal: a retry will not work; nothing was written.
    """
    try:
        yield
    except MemoryError:
        raise _out_of_memory(path) from None
    except sqlite3.Error as error:
        failure = _explain(path, error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if in_use and isinstance(failure, Fatal) and code in _MAY_PASS:
            failure = LogUnavailable(failure.message, hint=_SEE_TO_THE_DISK)
        raise failure from error


def _explain(path: Path, error: sqlite3.Error) -> GitmeshError:
    text = str(error)
    # Some errors have no code: invalid UTF-8, for example, is detected by Python itself.
    exact = getattr(error, "sqlite_errorcode", 0)
    if exact == sqlite3.SQLITE_IOERR_WRITE:
        # SQLite reports a full disk only for ENOSPC; an exceeded quota or limit has this code.
        return LogUnavailable(
            f"{path}: the disk does not take the event log: {text}",
            hint="check whether a quota or a file size limit is reached",
        )
    if (later := _cannot_open(path, exact, error)) is not None:
        return later
    match exact & 0xFF:  # the primary result code, without SQLite's extended codes
        case sqlite3.SQLITE_FULL:
            return LogUnavailable(f"{path}: no room for the event log", hint="free some disk space")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LogUnavailable(
                f"{path}: another process holds the event log",
                hint="stop the process that has the file open",
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return Fatal(
                f"{path}: this is not an event log, or it is damaged: {text}", hint=_RESTORE
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return Fatal(
                f"{path}: the event log cannot be opened: {text}",
                hint="check that the file and its folder exist and are writable",
            )
        case sqlite3.SQLITE_IOERR:
            return Fatal(f"{path}: the disk reports an error: {text}", hint=_RESTORE)
        case _:
            return Fatal(f"{path}: {text}", hint="run gitmesh verify on the log")


def _out_of_memory(path: Path) -> LogOutOfMemory:
    return LogOutOfMemory(f"{path}: {memory.NO_MEMORY} to use the event log", hint=memory.HINT)


def _cannot_open(path: Path, exact: int, error: sqlite3.Error) -> LogUnavailable | None:
    if exact == sqlite3.SQLITE_IOERR_NOMEM:
        return _out_of_memory(path)
    if words := shortage(error) if exact & 0xFF in _OPENING else "":
        return LogUnavailable(f"{path}: the event log cannot be opened: {words}", hint=HINT)
    if exact in (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE):
        # A reader without a running server has to create the shared-memory file.
        return LogUnavailable(
            f"{path}: the index beside the event log cannot be made: {error}",
            hint="free some disk space, or raise the quota; the log itself is intact",
        )
    return None


_OPENING: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)

_MAY_PASS: Final = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
)
_SEE_TO_THE_DISK: Final = "see to the disk and to who may use the folder; the server tries again"
_RESTORE: Final = (
    "restore it from a backup; or move it away, and the mesh chain is made again from git "
    "(the delivery chain is not)"
)
