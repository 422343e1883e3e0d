"""Takes what others leave for the server, and writes it into the event log."""

import asyncio
import logging
from typing import Final

from events.store import EventLog
from events.types import DeliveryEvent
from gitmesh.push.note_reader import read_push
from gitmesh.push.pusher import user_name
from gitmesh.spool import Spool
from mesh.errors import Retryable

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1


async def take_pushes(log: EventLog, spool: Spool) -> None:
    """Write down who pushed, until cancelled: first into the log, then the note is removed."""
    while True:
        try:
            await asyncio.to_thread(take_waiting, log, spool)
        except (Retryable, OSError) as error:
            _log.warning("cannot take notes of pushes yet: %s", error)
            await asyncio.sleep(10 * LOOK_EVERY_S)
        await asyncio.sleep(LOOK_EVERY_S)


def take_waiting(log: EventLog, spool: Spool) -> None:
    """Take all notes that wait, in as few transactions as may be.

    :raises Retryable: the log takes nothing now; the notes stay.
    :raises OSError: a note cannot be removed.
    """
    while take_once(log, spool):
        pass


def take_once(log: EventLog, spool: Spool) -> int:
    """Take the oldest notes that wait; return how many.

    :raises Retryable: the log takes nothing now; the notes stay.
    :raises OSError: a note cannot be removed.
    """
    notes, events = spool.take(), list[DeliveryEvent]()
    for note in notes:
        push = read_push(note.text)
        if push is None:
            _log.warning(
                "what is in %s is no note of a push", spool.folder, extra={"file": note.id}
            )
        else:
            events.append(push.event(user_name(note.uid)))
    if events:
        log.append_observed(events)
    spool.drop_all(notes)
    return len(notes)
