"""Spool folder for notes to the server, because only the server writes the event log.

A note is one file that appears atomically. Anyone with write access to the folder may leave one, so
notes are bounded, and invalid ones are deleted.
"""

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesh.errors import Retryable

MOST_BYTES: Final = 64 * 1024
MOST_WAITING: Final = 1_000
"""Maximum waiting notes while no server is running."""
MOST_REFUSED_WAITING: Final = 500
_SUFFIX: Final = ".json"


class SpoolUnavailable(Retryable):
    """No note can be left now."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as found."""

    path: Path
    uid: int
    """System user whose process wrote it."""
    text: bytes
    """Empty if invalid: not a regular file, or too long."""

    @property
    def id(self) -> str:
        """Return an id that is unique in its folder and sorts by time."""
        return self.path.stem


class Spool:
    """One folder of notes, beside the log that they are for."""

    def __init__(self, folder: Path, most_waiting: int = MOST_WAITING) -> None:
        self.folder = folder
        self._most_waiting = most_waiting
        self._stuck: set[str] = set()

    def put(self, text: bytes) -> Path:
        """Leave a note; return its file, which the server removes when it has processed it.

        :raises SpoolUnavailable: the folder cannot be written, or is full.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if len(self._names()) >= self._most_waiting:
                raise SpoolUnavailable(
                    f"{self.folder} is full: nobody takes what is in it",
                    hint="start gitmesh serve for this repository",
                )
            name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
            draft, path = self.folder / f".{name}", self.folder / f"{name}{_SUFFIX}"
            try:
                with draft.open("xb") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                draft.rename(path)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise SpoolUnavailable(
                f"cannot leave a note in {self.folder}: {error.strerror}",
                hint="check that the folder may be written, and that there is room",
            ) from None
        return path

    def take(self, most: int = 100) -> list[Note]:
        """Return the oldest notes; they stay until they are dropped. An empty folder is no error.

        Notes that could not be removed are not returned again, because they were processed.

        :raises OSError: notes cannot be removed, so each would be processed again and again.
        """
        names = [name for name in self._names() if name not in self._stuck]
        if names and not os.access(self.folder, os.W_OK):
            raise PermissionError(errno.EACCES, "notes cannot be removed from it", str(self.folder))
        return [self._read(self.folder / name) for name in names[:most]]

    def newest(self) -> Iterator[Note]:
        """Yield the waiting notes, the newest first; they stay, and are not dealt with."""
        for name in reversed(self._names()):
            yield self._read(self.folder / name)

    def drop(self, note: Note) -> None:
        """Remove a processed note; what is not a file is moved aside.

        :raises OSError: it cannot be removed.
        """
        try:
            note.path.unlink(missing_ok=True)
        except OSError:
            try:
                note.path.rename(note.path.with_suffix(f".{secrets.token_hex(4)}"))
            except OSError:
                self._stuck.add(note.path.name)
                raise

    def drop_all(self, notes: Iterable[Note]) -> None:
        """Remove notes that have been dealt with; one that stays keeps no other from being removed.

        :raises OSError: one cannot be removed.
        """
        failed: OSError | None = None
        for note in notes:
            try:
                self.drop(note)
            except OSError as error:
                failed = error
        if failed is not None:
            raise failed

    def _names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self.folder) if name.endswith(_SUFFIX))
        except OSError:
            return []

    def _read(self, path: Path) -> Note:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return Note(path, -1, b"")
        try:
            found = os.fstat(file)
            plain = stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES
            return Note(path, found.st_uid, os.read(file, MOST_BYTES) if plain else b"")
        finally:
            os.close(file)


def pushes(log: Path) -> Spool:
    """Return the spool of push notes for the server that writes this log."""
    return Spool(log.with_name(f"{log.name}.pushes"))


def refused_pushes(log: Path) -> Spool:
    """Return where hooks leave notes of pushes that they refuse; fewer may wait."""
    return Spool(log.with_name(f"{log.name}.refused"), MOST_REFUSED_WAITING)


def pins(log: Path) -> Spool:
    """Return the spool of pin notes for the server that writes this log."""
    return Spool(log.with_name(f"{log.name}.pins"))
