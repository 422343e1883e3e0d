"""Takes what others leave for the server, and writes it into the event log."""

import asyncio
import logging
from typing import Final

from events.store import EventLog
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
            await asyncio.to_thread(take_once, log, spool)
        except (Retryable, OSError) as error:
            _log.warning("cannot take notes of pushes yet: %s", error)
            await asyncio.sleep(10 * LOOK_EVERY_S)
        await asyncio.sleep(LOOK_EVERY_S)


def take_once(log: EventLog, spool: Spool) -> None:
    """Take the notes that are there.

    :raises Retryable: the log takes nothing now; the notes stay.
    :raises OSError: a note cannot be removed.
    """
    for note in spool.take():
        push = read_push(note.text)
        if push is None:
            _log.warning(
                "what is in %s is no note of a push", spool.folder, extra={"file": note.id}
            )
        else:
            log.append_observed([push.event(user_name(note.uid))])
        spool.drop(note)
