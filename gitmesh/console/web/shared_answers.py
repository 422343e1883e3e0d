"""Answers that many open pages ask for at the same time: made once for all of them."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from gitmesh.console.visit import Answer

FRESH_S: Final = 3.0
"""An answer is given again for so long: some of what it says depends on the time."""
_KEPT: Final = 64

Placed = tuple[Answer, str]
"""An answer, and the position of the log that it was made after."""


@dataclass(slots=True)
class _Entry:
    since: float
    lock: Lock = field(default_factory=Lock)
    made: Placed | None = None


class SharedAnswers:
    """Recent answers, by all that they depend on. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Placed]) -> Placed:
        """Return the answer for a key; others who ask meanwhile wait for it.

        What ``make`` raises is raised to its own caller only; the next one tries again.
        """
        with self._lock:
            now = self._clock()
            entry = self._entries.get(key)
            if entry is None or now - entry.since > FRESH_S:
                entry = self._entries[key] = _Entry(now)
                self._entries.move_to_end(key)
            while len(self._entries) > _KEPT:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.made is None:
                entry.made = make()
            return entry.made
