"""Import spooled notes of pushes into the event log."""

import asyncio
import contextlib
import copy
import logging
import time
from collections.abc import Callable
from typing import Final

from events.store import EventStore
from events.types import DeliveryEvent, PushRefused
from gitmesh.inbox.push_note_reader import read_push, read_refused_push
from gitmesh.inbox.pusher import user_name
from gitmesh.inbox.refusal_limit import RefusalLimit
from gitmesh.inbox.spool import Note, Spool
from mesh.errors import Retryable

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1


async def take_refused(log: EventStore, spool: Spool) -> None:
    """Write down which pushes were refused, as far as the limit lets, until cancelled."""
    taking = RefusedPushes(log, spool)
    try:
        while True:
            try:
                await asyncio.to_thread(taking.take)
            except (Retryable, OSError) as error:
                _log.warning("cannot import notes of refused pushes yet: %s", error)
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

    def take(self) -> None:
        """Take the notes that wait, and what was held back and may be written by now.

        :raises Retryable: the log cannot be written now; the notes stay.
        :raises OSError: a note cannot be removed.
        """
        notes = self._spool.take()
        found = [event for note in notes if (event := self._read(note)) is not None]
        after = copy.deepcopy(self._limit)
        if told := after.take(found, self._now()):
            self._log.append_observed(told)
        self._limit = after
        self._spool.drop_all(notes)

    def end(self) -> None:
        """Write what is still held back.

        :raises Retryable: the log cannot be written now.
        """
        if told := self._limit.rest():
            self._log.append_observed(told)

    def _read(self, note: Note) -> PushRefused | None:
        found = read_refused_push(note.text)
        if found is None:
            _log.warning(
                "%s is not a note of a refused push",
                self._spool.folder,
                extra={"file": note.id},
            )
        return None if found is None else found.event(user_name(note.uid))


async def take_pushes(log: EventStore, spool: Spool) -> None:
    """Import notes of pushes until cancelled: append to the log first, then remove the note."""
    while True:
        try:
            await asyncio.to_thread(take_waiting, log, spool)
        except (Retryable, OSError) as error:
            _log.warning("cannot import push notes yet: %s", error)
            await asyncio.sleep(10 * LOOK_EVERY_S)
        await asyncio.sleep(LOOK_EVERY_S)


def take_waiting(log: EventStore, spool: Spool) -> None:
    """Take all notes that wait, in as few transactions as may be.

    :raises Retryable: the log cannot be written now; the notes stay.
    :raises OSError: a note cannot be removed.
    """
    while take_once(log, spool):
        pass


def take_once(log: EventStore, spool: Spool) -> int:
    """Take the oldest notes that wait; return how many.

    :raises Retryable: the log cannot be written now; the notes stay.
    :raises OSError: a note cannot be removed.
    """
    notes, events = spool.take(), list[DeliveryEvent]()
    for note in notes:
        push = read_push(note.text)
        if push is None:
            _log.warning("%s is not a note of a push", spool.folder, extra={"file": note.id})
        else:
            events.append(push.event(user_name(note.uid)))
    if events:
        log.append_observed(events)
    spool.drop_all(notes)
    return len(notes)
