"""Writer of a stream's responses: one at a time, each built when the transport can take it.

A write starts at once instead of in the next turn of the event loop. With tasks, a change for a
thousand streams would be written only after it was offered to all of them, so the first proxy would
wait for the last.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class ResponseWriter:
    """Writer that gives the transport one response at a time.

    A client that does not read therefore blocks only its own session, and gets the latest
    configuration when it reads again.
    """

    __slots__ = (
        "_closed", "_loop", "_next", "_resumed", "_waits_for", "_write", "_writing", "_written",
        "busy",
    )  # fmt: skip

    _writing: Coroutine[Any, None, None]
    """The write that has not ended."""

    def __init__(
        self,
        write: Callable[[bytes], Coroutine[Any, None, None]],
        next_response: Callable[[], bytes | None],
        written: Callable[[], None],
        resumed: Callable[[], None],
    ) -> None:
        """Start without a response.

        :param next_response: returns the response that is due now, if there is one.
        :param written: called when the transport has taken a response.
        :param resumed: called when the transport accepted a delayed response, after the responses
            that became due meanwhile are written.
        """
        self.busy = False
        """True while a response is being written, and after a write has failed."""
        self._write = write
        self._next = next_response
        self._written = written
        self._resumed = resumed
        self._loop = asyncio.get_running_loop()
        self._waits_for: asyncio.Future[object] | None = None
        self._closed = False

    def go_on(self) -> None:
        """Write the responses that are due, as far as the transport accepts them now."""
        while not self.busy and (data := self._next()) is not None:
            self.busy = True
            self._writing = self._write(data)
            self._step()

    def close(self) -> None:
        """Write nothing more, and release the stream."""
        self._closed = True
        self._next, self._written, self._resumed = _nothing, _nothing, _nothing

    async def end(self, within_s: float) -> None:
        """Wait until the transport has taken the current response, for a bounded time."""
        with contextlib.suppress(TimeoutError):
            if within_s > 0:
                async with asyncio.timeout(within_s):
                    while (waits_for := self._waits_for) is not None:
                        await asyncio.wait([waits_for])
                        await asyncio.sleep(0)
        if self._waits_for is not None:
            self._waits_for.cancel()

    def _resume(self, _: object = None) -> None:
        self._step()
        if not (self.busy or self._closed):
            self.go_on()
            self._resumed()

    def _step(self) -> None:
        """Run the write's coroutine until it waits or ends, as a task does."""
        self._waits_for = None
        try:
            waits_for = self._writing.send(None)
        except StopIteration:
            # After the end, other sessions may share the state from which responses are built.
            if not self._closed:
                self._written()
                self.busy = False
        except asyncio.CancelledError:
            pass
        except Exception as error:  # The transport's own errors, whose types are not documented.
            _log.debug("a stream has ended: %s", error)
        else:
            if waits_for is None:
                self._loop.call_soon(self._resume)
                return
            # Confirm the future as a task does before it waits for it.
            waits_for._asyncio_future_blocking = False
            self._waits_for = waits_for
            waits_for.add_done_callback(self._resume)


def _nothing() -> None:
    """Do nothing: the stream has ended."""
