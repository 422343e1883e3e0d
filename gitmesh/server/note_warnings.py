"""Warnings about unused notes in a spool, as summaries, because their number is unlimited."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from gitmesh.inbox.pusher import user_name
from gitmesh.inbox.spool import Note, Spool

_log = logging.getLogger(__name__)

TELL_EVERY_S: Final = 60.0


class NoteWarnings:
    """Counts the unused notes of one spool, and logs a summary at most once a minute."""

    def __init__(self, spool: Spool, kind: str, now: Callable[[], float] = time.monotonic) -> None:
        """Start with no counts.

        :param kind: subject of the notes, in the plural, for messages.
        """
        self._spool = spool
        self._kind = kind
        self._now = now
        self._told_at = -float("inf")
        self._invalid: Note | None = None
        self._invalid_count = 0
        self._superseded: str | None = None
        self._superseded_count = 0

    def invalid(self, notes: Iterable[Note]) -> None:
        """Count files that are not valid notes."""
        for note in notes:
            self._invalid = self._invalid or note
            self._invalid_count += 1

    def superseded(self, by: str) -> None:
        """Count a valid note that had no effect, because the same user left too many."""
        self._superseded = by
        self._superseded_count += 1

    def tell(self, *, at_once: bool = False) -> None:
        """Log the counts since the last summary, at most once a minute."""
        if not at_once and self._now() - self._told_at < TELL_EVERY_S:
            return
        discarded = self._spool.discarded
        if not discarded and self._invalid is None and self._superseded is None:
            return
        self._told_at = self._now()
        if self._invalid is not None:
            _log.warning(
                "notes of %s are invalid; they were removed",
                self._kind,
                extra={"count": self._invalid_count, "file": str(self._invalid.path)},
            )
        if self._superseded is not None:
            _log.warning(
                "notes of %s came too fast; only the newest counts",
                self._kind,
                extra={"count": self._superseded_count, "by": self._superseded},
            )
        if discarded:
            uid, most = discarded.most_common(1)[0]
            _log.warning(
                "too many notes of %s waited; some were removed unread",
                self._kind,
                extra={
                    "count": discarded.total(),
                    "most_by": user_name(uid),
                    "of_it": most,
                    "folder": str(self._spool.folder),
                },
            )
        discarded.clear()
        self._invalid = self._superseded = None
        self._invalid_count = self._superseded_count = 0
