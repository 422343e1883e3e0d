"""Announcements inside a server process: logged commits, and the end of the mesh chain."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from events.types import CommitId, Seq

_MOST_RECENT: Final = 256
"""Number of announced commits that are remembered, for threads that begin to wait too late."""


class LoggedCommits:
    """Commits that the log has, as the thread that appends to the mesh chain announces them.

    Other threads wait for a commit here, so that they need not poll the log. Thread-safe.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._expected: dict[CommitId, list[threading.Event]] = {}
        self._recent: OrderedDict[CommitId, None] = OrderedDict()
        self._seq: Seq | None = None

    @property
    def seq(self) -> Seq | None:
        """The last position of the mesh chain; ``None`` while it is unknown, or about to change.

        It is never before an event that a reader of the log has seen.
        """
        return self._seq

    def begin_append(self) -> None:
        """Announce that the chain is about to grow; its end is unknown until :meth:`reached`."""
        self._seq = None

    def reached(self, seq: Seq, commits: Sequence[CommitId] = ()) -> None:
        """Announce that the chain ends at ``seq``, and that it has these commits now."""
        with self._turn:
            woken = [event for commit in commits for event in self._expected.pop(commit, ())]
            for commit in commits:
                self._recent[commit] = None
            while len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
        self._seq = seq
        for each in woken:
            each.set()

    @contextmanager
    def expecting(self, commit: CommitId) -> Iterator[threading.Event]:
        """Yield an event that is set when the commit is announced, or if it is still remembered."""
        event = threading.Event()
        with self._turn:
            if commit in self._recent:
                event.set()
            self._expected.setdefault(commit, []).append(event)
        try:
            yield event
        finally:
            with self._turn, contextlib.suppress(KeyError, ValueError):
                self._expected[commit].remove(event)
                if not self._expected[commit]:
                    del self._expected[commit]
