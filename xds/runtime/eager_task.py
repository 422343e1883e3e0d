"""Coroutines that start immediately instead of in the next turn of the event loop.

When a thousand streams are offered a change, tasks would start only after all of them were offered
it, so the first proxy would wait for the last one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Steps:
    """Runs a coroutine; the first step runs immediately."""

    __slots__ = ("_coroutine", "_loop", "_then", "_waits_for", "done", "error")

    def __init__(
        self,
        coroutine: Coroutine[Any, None, object],
        loop: asyncio.AbstractEventLoop,
        then: Callable[[], None],
    ) -> None:
        """Start.

        :param then: called when the coroutine has ended, unless it was cancelled or ended in its
            first
            step; then :attr:`done` is already true.
        """
        self._coroutine = coroutine
        self._loop = loop
        self._then: Callable[[], None] | None = None
        self._waits_for: asyncio.Future[object] | None = None
        self.done = False
        self.error: Exception | None = None
        """The exception that the coroutine raised."""
        self._step()
        self._then = then

    def _step(self, _: object = None) -> None:
        try:
            waits_for = self._coroutine.send(None)
        except asyncio.CancelledError:
            self._waits_for = None
        except StopIteration:
            self._end(None)
        except Exception as error:
            self._end(error)
        else:
            if waits_for is None:
                self._loop.call_soon(self._step)
                return
            # Confirm the future as a task does before it waits for it.
            waits_for._asyncio_future_blocking = False
            self._waits_for = waits_for
            waits_for.add_done_callback(self._step)

    def _end(self, error: Exception | None) -> None:
        self.done, self.error, self._waits_for = True, error, None
        if self._then is not None:
            self._then()

    async def end(self, within_s: float) -> None:
        """Wait until the coroutine has ended; let it end where it waits when that takes longer."""
        if within_s <= 0:
            self.cancel()
            return
        try:
            async with asyncio.timeout(within_s):
                while (waits_for := self._waits_for) is not None:
                    await asyncio.wait([waits_for])
                    await asyncio.sleep(0)
        except TimeoutError:
            self.cancel()

    def cancel(self) -> None:
        """Cancel the coroutine."""
        if self._waits_for is not None:
            self._waits_for.cancel()
