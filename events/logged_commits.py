"""News inside a server process: which commits the log has, and where its mesh chain ends."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from events.types import CommitId, Seq

_MOST_RECENT: Final = 256
"""Commits that are known to be logged without a look into the log."""


class LoggedCommits:
    """Told by the part that appends to the mesh chain; others wait for commits without looking.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._expected: dict[CommitId, list[threading.Event]] = {}
        self._recent: OrderedDict[CommitId, None] = OrderedDict()
        self._seq: Seq | None = None

    @property
    def seq(self) -> Seq | None:
        """The last position of the mesh chain; None while it is unknown, or about to change.

        Whoever has seen an event in the log never gets a position here that is before it.
        """
        return self._seq

    @contextmanager
    def appending(self) -> Iterator[None]:
        """Say that the chain changes in this block, whose end is told by :meth:`reached`."""
        self._seq = None
        yield

    def reached(self, seq: Seq, commits: Sequence[CommitId] = ()) -> None:
        """Say that the chain ends at ``seq``, and has these commits now."""
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
        """Give an event that is set when the log has a commit, unless it got it long ago."""
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
