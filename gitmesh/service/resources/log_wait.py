"""Waiting until the log has a commit: of all waiting threads, only one polls the log."""

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from events.store import EventReader
from events.types import Chain, CommitId

_LOOK_EVERY_S: Final = 0.002


@dataclass(slots=True)
class _Waiter:
    commit: CommitId
    woken: threading.Event = field(default_factory=threading.Event)
    logged: bool = False


class LogWait:
    """Waits for commits that another part of the server logs. Thread-safe."""

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._turn = threading.Lock()
        self._waiting: list[_Waiter] = []
        self._looking = False

    def until_logged(self, commit: CommitId, within_s: float) -> bool:
        """Wait until the log has a commit; return false at the timeout."""
        deadline = time.monotonic() + within_s
        if self._log.is_logged(commit):
            return True
        me = _Waiter(commit)
        with self._turn:
            self._waiting.append(me)
        try:
            while not me.logged and time.monotonic() < deadline:
                if self._may_look():
                    self._look(me, deadline)
                else:
                    me.woken.wait(max(0.0, deadline - time.monotonic()))
                    me.woken.clear()
        finally:
            with self._turn:
                self._waiting.remove(me)
                # Whoever looked is gone: one of the others goes on.
                if self._waiting and not self._looking:
                    self._waiting[0].woken.set()
        return me.logged

    def _may_look(self) -> bool:
        with self._turn:
            found, self._looking = not self._looking, True
            return found

    def _look(self, me: _Waiter, deadline: float) -> None:
        """Poll the log for all waiters, until it has this waiter's commit or the time is over."""
        seen = -1
        try:
            while time.monotonic() < deadline:
                head = self._log.head(Chain.MESH).seq
                if head != seen:
                    seen = head
                    self._tell()
                if me.logged:
                    return
                time.sleep(_LOOK_EVERY_S)
        finally:
            with self._turn:
                self._looking = False

    def _tell(self) -> None:
        """Wake the waiters whose commit the log has."""
        with self._turn:
            waiting = [each for each in self._waiting if not each.logged]
        for each in waiting:
            if self._log.is_logged(each.commit):
                each.logged = True
                each.woken.set()
