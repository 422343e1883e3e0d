"""Pinning: serves a pinned commit instead of the newest publication."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from events.clock import utc_now
from events.latest import Latest
from events.publication import Publication
from events.state import MeshState
from events.store import EventStore
from events.types import Cause, CommitId, DeliveryEvent, ServingPinned, ServingReleased
from gitmesh.inbox.pin_note import PinNote, read_pin
from gitmesh.inbox.pusher import user_name
from gitmesh.inbox.spool import MOST_WAITING, Note, Spool
from gitmesh.queries.pins import LONGEST, is_over, pinnable, pinned, until_text
from gitmesh.rendering.narration import short
from gitmesh.server.note_warnings import NoteWarnings
from mesh.errors import Retryable, UsageError
from xds.token_bucket import TokenBucket

_log = logging.getLogger(__name__)

_NEITHER: Final = object()
LOOK_EVERY_S: Final = 0.1
PINS_AT_ONCE: Final = 10
"""Number of changes of the pin that one user may make in a burst."""
PINS_PER_S: Final = 0.1
"""Changes of the pin per second that one user may make after the burst. If more arrive, only the
newest is applied."""


class Pinning:
    """Passes publications on to the servers, or the pinned commit instead.

    The reconciler continues during a pin; its newest publication is served when the pin ends.
    """

    def __init__(
        self,
        log: EventStore,
        spool: Spool,
        published: Latest[Publication],
        served: Latest[Publication],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._log = log
        self._spool = spool
        self._published = published
        self._served = served
        self._now = now
        self._pin: ServingPinned | None = None
        self._shown: object = None
        """The pin that is served; ``None`` for the branch, ``_NEITHER`` during a change."""
        self._newest: Publication | None = None
        self._budgets: dict[str, TokenBucket] = {}
        self._waiting: tuple[Note, PinNote] | None = None
        """The newest note, if it must wait because its user changes the pin too often."""
        self._warnings = NoteWarnings(spool, "pins")

    async def run(self) -> None:
        """Serve the pin or the branch until cancelled.

        At the start, the log and the waiting notes decide. A pin that has expired is not served,
        unless the log cannot record its end now.
        """
        self._pin = await asyncio.to_thread(pinned, self._log)
        await self._attempt(partial(self._settle, at_start=True))
        if self._pin is not None:
            _log.warning("serving is PINNED", extra=_facts(self._pin))
            await self._attempt(partial(self._serve, moved_ns=None))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            tasks.create_task(self._pass_on())

    async def _pass_on(self) -> None:
        seen = 0
        while True:
            publication, seen = await self._published.after(seen)
            before, self._newest = self._newest, publication
            if self._pin is None:
                self._served.set(publication)
            elif before is not None and before.state.commit != publication.state.commit:
                _log.warning(
                    "a newer commit is not served until the PIN ends", extra=_facts(self._pin)
                )

    async def _look(self) -> None:
        while True:
            settled = await self._attempt(self._settle)
            served = await self._attempt(partial(self._serve, moved_ns=time.time_ns()))
            await asyncio.sleep(LOOK_EVERY_S if settled and served else 11 * LOOK_EVERY_S)

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Run a step; if it fails for now, log the reason and return false."""
        try:
            await step()
        except (Retryable, OSError) as error:
            _log.warning("cannot change the pin yet: %s", error)
            return False
        return True

    async def _serve(self, moved_ns: int | None) -> None:
        """Serve the pin, or the branch, if this has changed.

        :raises Retryable: the pinned mesh cannot be read now.
        """
        pin = self._pin
        if pin is self._shown:
            return
        self._shown = _NEITHER  # The branch may move on, unserved, before this succeeds.
        if pin is None:
            self._serve_branch()
        else:
            await self._serve_pin(pin, moved_ns)
        self._shown = pin

    async def _settle(self, *, at_start: bool = False) -> None:
        """Update the pin: end it if it has expired, then process the notes. This does not serve it
        yet.

        :param at_start: process the newest note even if its user wrote too many.
        :raises Retryable: the log cannot be written now; the notes stay.
        :raises OSError: a note cannot be removed.
        """
        await self._expire()
        taken = 0
        while taken < MOST_WAITING and (notes := await asyncio.to_thread(self._spool.take)):
            taken += len(notes)
            for note in notes:
                await self._take(note)
        if self._waiting is not None:
            note, asked = self._waiting
            if at_start or self._may(requested_by(note, asked)):
                await self._heed(note, asked)
        self._warnings.tell(at_once=at_start)

    async def _expire(self) -> None:
        pin = self._pin
        if pin is not None and is_over(pin, self._now()):
            await self._record([ServingReleased(pin.commit, "expired", "", "")])
            self._pin = None

    async def _take(self, note: Note) -> None:
        found = read_pin(note.text)
        if found is None:
            self._warnings.invalid([note])
            self._spool.drop(note)
        elif (found.commit is None and self._pin is None) or self._may(requested_by(note, found)):
            await self._heed(note, found)
        else:
            self._supersede()
            self._spool.set_aside(note)
            self._waiting = note, found

    async def _heed(self, note: Note, asked: PinNote) -> None:
        """Apply a note. It replaces a waiting note."""
        try:
            if asked.commit is None:
                await self._unpin(asked, requested_by(note, asked))
            else:
                await self._repin(note, asked)
        except BaseException:
            if (budget := self._budgets.get(requested_by(note, asked))) is not None:
                budget.give_back()
            raise
        if self._waiting is not None and self._waiting[0] is not note:
            self._supersede()
        self._waiting = None
        self._spool.drop(note)

    def _supersede(self) -> None:
        """Drop the waiting note, because there is a newer one."""
        if self._waiting is not None:
            (note, asked), self._waiting = self._waiting, None
            self._warnings.superseded(requested_by(note, asked))
            self._spool.drop(note)

    def _may(self, by: str) -> bool:
        """Return whether a user may change the pin now; if so, count the change."""
        now = time.monotonic()
        budget = self._budgets.setdefault(by, TokenBucket(PINS_PER_S, PINS_AT_ONCE, now))
        return budget.try_take(now)

    async def _unpin(self, note: PinNote, by: str) -> None:
        if self._pin is not None:
            released = ServingReleased(self._pin.commit, "released", by, note.reason)
            await self._record([released])
            self._pin = None

    async def _repin(self, note: Note, asked: PinNote) -> None:
        if asked.commit is None or asked.until is None:
            return
        by, until = requested_by(note, asked), min(asked.until, self._now() + LONGEST)
        try:
            commit = CommitId(asked.commit)
            seq = await asyncio.to_thread(pinnable, self._log, commit)
        except UsageError as error:
            _log.warning("cannot pin: %s", error.message, extra={"by": by})
            return
        if until <= self._now():
            _log.warning("a pin expired before the server read it", extra={"by": by})
            return
        pin = ServingPinned(commit, seq, by, asked.reason, until_text(until))
        before = self._pin
        events: list[DeliveryEvent] = [pin]
        if before is not None:
            events.insert(0, ServingReleased(before.commit, "replaced", by, asked.reason))
        await self._record(events)
        self._pin = pin

    async def _record(self, events: list[DeliveryEvent]) -> None:
        """Append events to the log; if this fails, they have no effect."""
        await asyncio.to_thread(self._log.append_observed, events)

    async def _serve_pin(self, pin: ServingPinned, moved_ns: int | None) -> None:
        state = await asyncio.to_thread(self._log.state, pin.mesh_seq)
        before = self._served.get()
        same = state if before is None else _sharing(state, before.state)
        self._served.set(_published(same, moved_ns, Cause.PIN))

    def _serve_branch(self) -> None:
        if self._newest is not None:
            # What differs from the pinned mesh is not what the publication says.
            self._served.set(_published(self._newest.state, time.time_ns(), Cause.RELEASE))


def requested_by(note: Note, asked: PinNote) -> str:
    """Return the user who requests the pin: that of the process, or the API caller for whom the
    server wrote the note."""
    return asked.by if asked.by and note.uid == os.getuid() else user_name(note.uid)


def _published(state: MeshState, at_ns: int | None, cause: Cause) -> Publication:
    return Publication(state, moved_ns=at_ns, seen_ns=at_ns, planned_ns=at_ns, cause=cause)


def _sharing(state: MeshState, other: MeshState) -> MeshState:
    """Return the state with equal resources replaced by the other state's objects."""
    known = other.resources
    resources = {
        key: known[key] if known.get(key) == spec else spec for key, spec in state.resources.items()
    }
    return replace(state, resources=resources)


def _facts(pin: ServingPinned) -> dict[str, object]:
    return {"commit": short(pin.commit), "until": pin.until, "by": pin.by, "reason": pin.reason}
