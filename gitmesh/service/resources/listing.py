"""The names of all resources at the head of the log, read once for each position of the log."""

import threading
from dataclasses import dataclass

from events.store import EventReader
from events.types import START, Chain, CommitId, Seq
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class Names:
    """All resources at one position of the mesh chain."""

    seq: Seq
    commit: CommitId | None
    keys: tuple[tuple[str, ResourceKey], ...]
    """Each key with its text form, sorted by that."""


class Listing:
    """Cache of resource names, so that a page of a list costs only its own items. Thread-safe."""

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._turn = threading.Lock()
        self._known = Names(START, None, ())

    def names(self) -> Names:
        """Return the resources at the head of the log."""
        head = self._log.head(Chain.MESH).seq
        with self._turn:
            if self._known.seq < head:
                state = self._log.state()
                keys = tuple(sorted((str(key), key) for key in state.resources))
                self._known = Names(state.seq, state.commit, keys)
            return self._known
