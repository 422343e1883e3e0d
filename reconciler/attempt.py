"""Record of the commit that is being read, kept in a file so that it outlives the process.

A commit can end the process that reads it: the system has no memory left, or a library crashes. A
supervisor then starts the server again, which reads the same commit again. The record ends this
loop: it names the commit, and counts how often a process began to read it and ended before it was
done.
"""

import contextlib
import errno
import gc
import json
import logging
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.memory import OUT_OF_MEMORY
from events.store import LogOutOfMemory
from events.types import CommitId
from mesh.errors import GitmeshError
from reconciler.reading.source import SourceUnavailable

_log = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 2
"""A commit that ended the process this often is held back."""
HELD_BACK: Final = "held-back"
_FAILED: Final = "the server ended or ran out of memory"
_RECORD_BYTES: Final = 160
"""Length of a record, padded with spaces, so that a new one overwrites the old one in place."""
_PLAIN_FILE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Flags to open only a plain file: a link could lead to another file, and a pipe would block."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A commit that some process began to read and has not finished."""

    commit: CommitId
    tip: CommitId
    """Position of the branch; when it moves, the commit is tried again."""
    number: int
    """Number of times that a process began to read the commit."""


class Attempts:
    """The record of attempts of one log, in a small file beside it.

    The file names at most one commit. It is written before a commit is read and emptied when the
    branch's tip is reached. The page cache outlives a process, so a kill loses nothing. Only the
    first record of a process is also forced to disk, so that it survives a crash of the machine
    while the server starts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = read_attempt(path)
        self._synced = False
        self._file: int | None = None  # kept open, so that a push waits for one system call only

    @contextlib.contextmanager
    def reading(
        self, commit: CommitId, tip: CommitId, stopping: Callable[[], bool]
    ) -> Iterator[None]:
        """Record that a commit is read while the block runs.

        An error with another cause than the commit empties the record. Any other error ends the
        process, and the record stays.

        :param stopping: whether the process is being stopped. If so, the record stays, because
            another part of the server may have failed for lack of memory; :meth:`excuse` removes
            it.
        :raises SourceUnavailable: the commit ended the process too often and is held back, or there
            is not enough memory to read it now.
        """
        attempt = self._next(commit, tip)
        self._write(attempt)
        try:
            yield
        except (MemoryError, GitmeshError, OSError) as error:
            if is_out_of_memory(error):
                self._before = attempt
                release(error)
                raise _out_of_memory(attempt) from None
            if not stopping():
                self._write(self._before)
            raise
        if not stopping():
            self._before = None
            self._write(None)

    def excuse(self) -> None:
        """Uncount the attempt that was running when the server was stopped."""
        self._write(self._before)
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _next(self, commit: CommitId, tip: CommitId) -> Attempt:
        before = self._failed(commit, tip)
        if before is None:
            return Attempt(commit, tip, 1)
        if before.number >= MOST_ATTEMPTS:
            raise _held_back(before)
        _log.warning("reading commit %s once more, after %s", commit[:7], _FAILED)
        return Attempt(commit, tip, before.number + 1)

    def _failed(self, commit: CommitId, tip: CommitId) -> Attempt | None:
        before = self._before
        if before is None or (before.commit, before.tip) != (commit, tip):
            return None
        if before.number >= MOST_ATTEMPTS:
            self._before = read_attempt(self._path)  # an operator may have emptied the file
        return self._before

    def _write(self, attempt: Attempt | None) -> None:
        text = b"" if attempt is None else _text(attempt)
        # If the record cannot be written, the commit is read anyway: at worst once more.
        with contextlib.suppress(OSError):
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | _PLAIN_FILE, 0o644)
            os.pwrite(self._file, text.ljust(_RECORD_BYTES), 0)
            if text and not self._synced:
                os.fsync(self._file)
                self._synced = True


def attempt_path(log: Path) -> Path:
    """Return the path of the attempt record for the server that writes this log."""
    return log.with_name(f"{log.name}.attempt")


def read_attempt(path: Path) -> Attempt | None:
    """Return the attempt that is recorded in a file; None if there is no attempt, or the file is
    damaged."""
    try:
        file = os.open(path, os.O_RDONLY | _PLAIN_FILE)
        with open(file, "rb") as opened:
            found = json.loads(opened.read(_RECORD_BYTES))
        commit, tip, number = found["commit"], found["tip"], found["number"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(commit, str) or not isinstance(tip, str) or type(number) is not int:
        return None
    return Attempt(CommitId(commit), CommitId(tip), number) if number > 0 else None


def held_back(path: Path) -> Attempt | None:
    """Return the attempt of a commit that is held back; None if no commit is held back."""
    found = read_attempt(path)
    return found if found is not None and found.number >= MOST_ATTEMPTS else None


def forget_attempt(path: Path) -> None:
    """Empty the record, so that the commit that is held back is read again.

    :raises OSError: the file cannot be written.
    """
    os.truncate(path, 0)  # not removed, because a server has it open


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, of any library, means that there is not enough memory."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError | LogOutOfMemory)


def release(error: BaseException) -> None:
    """Free the data of the functions that failed: the traceback of an error keeps their variables
    alive."""
    seen: BaseException | None = error
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
    gc.collect()


def _text(attempt: Attempt) -> bytes:
    record = {"commit": attempt.commit, "tip": attempt.tip, "number": attempt.number}
    return json.dumps(record).encode()


def _held_back(attempt: Attempt) -> SourceUnavailable:
    on_the_way = "" if attempt.commit == attempt.tip else f", on the way to {attempt.tip[:7]},"
    return SourceUnavailable(
        HELD_BACK,
        f"commit {attempt.commit[:7]}{on_the_way} is held back: {_FAILED} {attempt.number} times "
        "while reading it",
        hint="push a branch without it, or give the server more memory and run: gitmesh retry",
    )


def _out_of_memory(attempt: Attempt) -> SourceUnavailable:
    return SourceUnavailable(
        OUT_OF_MEMORY,
        f"there is not enough memory to read commit {attempt.commit[:7]}",
        hint="give the server more memory, or push a smaller commit",
    )
