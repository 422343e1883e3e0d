"""Coroutines that start where they are made, rather than in the next turn of the event loop.

When a thousand streams are offered a change, a task for each write would only start when all have
been offered it; so the first proxy would wait for the last one's turn.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, Protocol


class Running(Protocol):
    """A coroutine under way."""

    def cancel(self) -> object:
        """Let it end where it waits."""


class _Steps:
    """Takes the steps of a coroutine, the first one at once. Its result is lost, but no error."""

    __slots__ = ("_coroutine", "_loop", "_waits_for")

    def __init__(
        self, coroutine: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._coroutine = coroutine
        self._loop = loop
        self._waits_for: asyncio.Future[object] | None = None
        self._step()

    def _step(self, _: object = None) -> None:
        try:
            waits_for = self._coroutine.send(None)
        except (StopIteration, asyncio.CancelledError):
            self._waits_for = None
            return
        if waits_for is None:
            self._loop.call_soon(self._step)
            return
        # What a task does to say that it has seen who is waited for.
        waits_for._asyncio_future_blocking = False
        self._waits_for = waits_for
        waits_for.add_done_callback(self._step)

    def cancel(self) -> None:
        if self._waits_for is not None:
            self._waits_for.cancel()


def start(coroutine: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop) -> Running:
    """Run a coroutine until it first waits for something, and the rest of it when that is there."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=loop, eager_start=True)
    return _Steps(coroutine, loop)
