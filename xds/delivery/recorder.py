"""Recorder of delivery events: one task writes them, so that no stream waits for the disk."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Final

from events.types import DeliveryEvent
from mesh.errors import Retryable

_log = logging.getLogger(__name__)

_BATCH: Final = 500


class Recorder:
    """Queues events and appends them in batches, in order.

    At most ``room`` events are queued. If the log is too slow, further events are dropped and
    counted. Delivery events are observations, so a loss does not affect the mesh.
    """

    def __init__(
        self,
        append: Callable[[Sequence[DeliveryEvent]], object],
        *,
        room: int = 20_000,
        patience_s: float = 0.5,
    ) -> None:
        self._append = append
        self._room = room
        self._patience_s = patience_s
        self._waiting: deque[DeliveryEvent] = deque()
        self._wake = asyncio.Event()
        self._writing: asyncio.Future[object] | None = None
        self.lost = 0
        """Number of dropped events."""

    def record(self, events: Iterable[DeliveryEvent]) -> None:
        """Queue events; never waits. Call it from the event loop's thread."""
        for event in events:
            if len(self._waiting) < self._room:
                self._waiting.append(event)
            else:
                self.lost += 1
        if self._waiting:
            self._wake.set()

    async def run(self) -> None:
        """Append events until cancelled; then append the queued rest."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._write()
        except asyncio.CancelledError:
            await self._append_the_rest()
            raise

    async def _append_the_rest(self) -> None:
        try:
            if self._writing is not None:
                await self._writing
            while self._waiting:
                self._append(self._take())
        except Retryable as error:
            _log.error("delivery events are lost at shutdown: %s", error.line)

    async def _write(self) -> None:
        batch = self._take()
        try:
            # Shielded: cancellation does not stop the thread, and the next write must come after
            # it.
            self._writing = asyncio.ensure_future(asyncio.to_thread(self._append, batch))
            await asyncio.shield(self._writing)
            self._writing = None
        except Retryable as error:
            _log.warning("the log cannot take %d delivery events yet: %s", len(batch), error)
            self._waiting.extendleft(reversed(batch))
            await asyncio.sleep(self._patience_s)

    def _take(self) -> list[DeliveryEvent]:
        if self.lost:
            _log.error("%d delivery events were lost: the log is too slow", self.lost)
            self.lost = 0
        return [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]


async def recording(recorder: Recorder, work: Coroutine[object, object, None]) -> None:
    """Run a task and its recorder; the recorder ends last, so that all events are in the log.

    If one of them fails, both end with its error.
    """
    writing = asyncio.create_task(recorder.run())
    working = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait((working, writing), return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        for task in (working, writing):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
