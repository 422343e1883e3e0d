"""Spool folder for notes to the server, because only the server writes the event log.

A note is one file that appears atomically. Anyone with write access to the folder may write notes,
so their size and number are limited, and invalid ones are deleted.
"""

import errno
import os
import secrets
import stat
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from gitmesh.inbox.waiting_notes import MOST_LISTED, fair_share, names_in
from mesh.errors import Retryable

MOST_BYTES: Final = 64 * 1024
MOST_WAITING: Final = 1_000
"""Maximum number of waiting notes, for writers and for the server that reads them."""
MOST_REFUSED_WAITING: Final = 500
_SUFFIX: Final = ".json"
REMOVE_FOR_S: Final = 0.05
"""Maximum time for which one read removes surplus notes: a file system may need minutes for all of
them."""
_LIST_EVERY_S: Final = 2.0
"""Interval of folder listings while there are surplus notes to remove."""


class SpoolUnavailable(Retryable):
    """No note can be written now."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read from the folder."""

    path: Path
    uid: int
    """System user whose process wrote it."""
    text: bytes
    """Text of the note; empty if it is not a regular file, or too long."""

    @property
    def id(self) -> str:
        """Return an id that is unique in its folder and sorts by time."""
        return self.path.stem


class Spool:
    """One folder of notes, beside the log of the server that reads them."""

    def __init__(self, folder: Path, most_waiting: int = MOST_WAITING) -> None:
        self.folder = folder
        self.discarded = Counter[int]()
        """Notes that were removed unread because too many waited, by system user."""
        self._most_waiting = most_waiting
        self._stuck: set[str] = set()
        self._waiting: dict[str, None] = {}
        """File names of waiting notes, from the last listing, oldest first."""
        self._surplus: dict[str, None] = {}
        """File names of surplus notes, which are removed unread."""
        self._listed_at = -float("inf")

    def put(self, text: bytes) -> Path:
        """Write a note; return its file, which the server removes after it has processed the note.

        :raises SpoolUnavailable: the folder cannot be written, or is full.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if len(names_in(self.folder, _SUFFIX, self._most_waiting)) >= self._most_waiting:
                raise SpoolUnavailable(
                    f"{self.folder} is full, because no server reads it",
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
                f"cannot write a note to {self.folder}: {error.strerror}",
                hint="check that the folder is writable and the disk has space",
            ) from None
        return path

    def take(self, most: int = 100) -> list[Note]:
        """Return the oldest notes; they stay until :meth:`drop`. A missing folder counts as empty.

        If more notes wait than the limit, the newest notes of each user are kept, in equal shares,
        and the others are removed. A processed note that could not be removed is not returned
        again.

        :raises OSError: notes cannot be removed, so each would be processed again and again.
        """
        due = not self._surplus or time.monotonic() - self._listed_at >= _LIST_EVERY_S
        if not self._waiting and due:
            self._list()
        if not self._waiting and not self._surplus:
            return []
        if not os.access(self.folder, os.W_OK):
            raise PermissionError(errno.EACCES, "notes cannot be removed from it", str(self.folder))
        self._remove_surplus()
        found = [self._read(self.folder / name) for name in list(islice(self._waiting, most))]
        return [note for note in found if note is not None]

    def newest(self) -> Iterator[Note]:
        """Yield waiting notes, the newest first, up to the limit.

        The notes stay in the folder, unprocessed.
        """
        names = sorted(names_in(self.folder, _SUFFIX, MOST_LISTED), reverse=True)
        for name in names[: self._most_waiting]:
            if (note := self._read(self.folder / name)) is not None:
                yield note

    def drop(self, note: Note) -> None:
        """Remove a processed note; a directory in its place is moved aside.

        :raises OSError: the note cannot be removed.
        """
        self._waiting.pop(note.path.name, None)
        self._remove(note.path)

    def drop_all(self, notes: Iterable[Note]) -> None:
        """Remove processed notes; if one cannot be removed, the others still are.

        :raises OSError: a note cannot be removed.
        """
        dropped = list(notes)
        for note in dropped:
            self._waiting.pop(note.path.name, None)
        self._remove_all(note.path for note in dropped)

    def set_aside(self, note: Note) -> None:
        """Exclude a note from :meth:`take` until it is dropped; a later server finds it again."""
        self._waiting.pop(note.path.name, None)
        self._stuck.add(note.path.name)

    def _list(self) -> None:
        names = [
            name
            for name in sorted(names_in(self.folder, _SUFFIX, MOST_LISTED))
            if name not in self._stuck and name not in self._surplus
        ]
        kept, surplus = fair_share(self.folder, names, self._most_waiting)
        self._waiting = dict.fromkeys(kept)
        for uid, discarded in surplus.items():
            self._surplus |= dict.fromkeys(discarded)
            self.discarded[uid] += len(discarded)
        self._listed_at = time.monotonic()

    def _remove_surplus(self) -> None:
        until = time.monotonic() + REMOVE_FOR_S
        self._remove_all(self._next_surplus(until))

    def _next_surplus(self, until: float) -> Iterator[Path]:
        while self._surplus and time.monotonic() < until:
            yield self.folder / self._surplus.popitem()[0]

    def _remove_all(self, paths: Iterable[Path]) -> None:
        failed: OSError | None = None
        for path in paths:
            try:
                self._remove(path)
            except OSError as error:
                failed = error
        if failed is not None:
            raise failed

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            try:
                path.rename(path.with_suffix(f".{secrets.token_hex(4)}"))
            except OSError:
                self._stuck.add(path.name)
                raise
        self._stuck.discard(path.name)

    def _read(self, path: Path) -> Note | None:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:  # whoever left it took it back
            self._waiting.pop(path.name, None)
            return None
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
    """Return the spool of notes about refused pushes, with a lower limit."""
    return Spool(log.with_name(f"{log.name}.refused"), MOST_REFUSED_WAITING)


def pins(log: Path) -> Spool:
    """Return the spool of pin notes for the server that writes this log."""
    return Spool(log.with_name(f"{log.name}.pins"))
