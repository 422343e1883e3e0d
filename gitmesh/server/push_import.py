"""Import of push notes from the spool into the event log."""

import asyncio
import contextlib
import copy
import logging
import time
from collections.abc import Callable
from typing import Final

from events.store import EventStore
from events.types import DeliveryEvent
from gitmesh.inbox.push_note_reader import read_push, read_refused_push
from gitmesh.inbox.pusher import user_name
from gitmesh.inbox.refusal_limit import RefusalLimit
from gitmesh.inbox.spool import MOST_WAITING, Note, Spool
from gitmesh.server.note_warnings import NoteWarnings
from mesh.errors import Retryable
from xds.token_bucket import TokenBucket

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1
PUSHES_PER_S: Final = 1.0
"""Rate at which push notes are imported. Further notes wait. If too many wait, hooks write no more
notes, and surplus notes of others are removed."""


async def take_refused(log: EventStore, spool: Spool) -> None:
    """Record refused pushes in the log, within the rate limit, until cancelled."""
    taking = RefusedPushes(log, spool)
    try:
        while True:
            try:
                await asyncio.to_thread(taking.take)
            except (Retryable, OSError) as error:
                _log.warning("cannot write refused pushes to the log, trying again: %s", error)
                await asyncio.sleep(10 * LOOK_EVERY_S)
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        with contextlib.suppress(Retryable):
            taking.end()


class RefusedPushes:
    """Import notes of refused pushes into the log, with a rate limit per pusher."""

    def __init__(self, log: EventStore, spool: Spool, now: Callable[[], float] = time.monotonic):
        self._log = log
        self._spool = spool
        self._now = now
        self._limit = RefusalLimit()
        self._warnings = NoteWarnings(spool, "refused pushes", now)

    def take(self) -> None:
        """Import the waiting notes, and earlier refusals that the rate limit now allows.

        :raises Retryable: the log cannot be written now; the notes stay.
        :raises OSError: a note cannot be removed.
        """
        notes = self._spool.take()
        read = [(note, read_refused_push(note.text)) for note in notes]
        found = [each.event(user_name(note.uid)) for note, each in read if each is not None]
        after = copy.deepcopy(self._limit)
        if told := after.take(found, self._now()):
            self._log.append_observed(told)
        self._limit = after
        self._warnings.invalid(note for note, each in read if each is None)
        self._spool.drop_all(notes)
        self._warnings.tell()

    def end(self) -> None:
        """Record the refusals that the rate limit held back.

        :raises Retryable: the log cannot be written now.
        """
        self._warnings.tell(at_once=True)
        if told := self._limit.rest():
            self._log.append_observed(told)


class Pushes:
    """Import notes of pushes into the log, at a limited rate."""

    def __init__(self, log: EventStore, spool: Spool, now: Callable[[], float] = time.monotonic):
        self._log = log
        self._spool = spool
        self._now = now
        self._rate = TokenBucket(PUSHES_PER_S, MOST_WAITING, now())
        self._warnings = NoteWarnings(spool, "pushes", now)

    async def run(self) -> None:
        """Import until cancelled: append to the log first, then remove the note."""
        while True:
            try:
                await asyncio.to_thread(self.take)
            except (Retryable, OSError) as error:
                _log.warning("cannot import push notes yet: %s", error)
                await asyncio.sleep(10 * LOOK_EVERY_S)
            await asyncio.sleep(LOOK_EVERY_S)

    def take_waiting(self) -> None:
        """Import all waiting notes, in as few transactions as possible.

        :raises Retryable: the log cannot be written now; the notes stay.
        :raises OSError: a note cannot be removed.
        """
        taken = 0
        while taken < MOST_WAITING and (now := self.take()):
            taken += now

    def take(self) -> int:
        """Import the oldest waiting notes; return their number.

        :raises Retryable: the log cannot be written now; the notes stay.
        :raises OSError: a note cannot be removed.
        """
        valid, invalid, events = list[Note](), list[Note](), list[DeliveryEvent]()
        now = self._now()
        for note in self._spool.take():
            push = read_push(note.text)
            if push is None:
                invalid.append(note)
            elif self._rate.try_take(now):
                events.append(push.event(user_name(note.uid)))
                valid.append(note)
            else:
                break
        self._append(events)
        self._warnings.invalid(invalid)
        self._spool.drop_all(valid + invalid)
        self._warnings.tell()
        return len(valid) + len(invalid)

    def _append(self, events: list[DeliveryEvent]) -> None:
        try:
            if events:
                self._log.append_observed(events)
        except BaseException:
            for _ in events:
                self._rate.give_back()
            raise
