"""Live updates: a stream that says when the log has grown, so that an open page asks anew.

It says no more than a position; the page comes by the same way as at first, with the same rights. A
reader who comes back with an old position is told at once.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gitmesh.service.history.log_tail import LogTail, TooManyReaders

MOST_PAGES: Final = 256
MOST_OF_PERSON: Final = 128
LASTS_S: Final = 900.0
"""After this time the browser connects again, and its session is looked up anew."""
SETTLED_S: Final = 0.7
"""Pages are told when the log has been quiet for so long, so that a roll-out comes first."""
WITHIN_S: Final = 3.0
"""And at the latest so long after the log began to grow: a roll-out may take longer."""
SPREAD_S: Final = 0.02
"""Seconds for each open page, over which the pages are told: not all ask anew at once."""
TOLD_EVERY_S: Final = 1.0
"""Minimum time between two messages: a roll-out writes many events, a page needs the last."""
QUIET_S: Final = 15.0
SENT_WITHIN_S: Final = 10.0


class Live(Response):
    """The stream of one page."""

    media_type = "text/event-stream"

    def __init__(self, tail: LogTail, reader: str, position: Callable[[], str], seen: str) -> None:
        """Tell a page that has seen a position when there is another.

        :param position: returns the present one; blocks for a moment.
        """
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._tail = tail
        self._reader = reader
        self._position = position
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the browser goes, is too slow, or the stream has lasted long enough."""
        try:
            async with self._tail.followed_by(self._reader):
                await self._stream(receive, send)
        except TooManyReaders:
            await Response(status_code=503, headers={"retry-after": "10"})(scope, receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        tasks = [asyncio.create_task(_gone(receive)), asyncio.create_task(self._tell(send))]
        with suppress(TimeoutError):
            async with asyncio.timeout(LASTS_S):
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(SENT_WITHIN_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        await _put(send, "retry: 2000\n\n")
        while not self._tail.ending.is_set():
            since = self._tail.looks
            now = await asyncio.to_thread(self._position)
            if now != self._seen:
                self._seen = now
                await _put(send, f"id: {now}\nevent: grown\ndata: {now}\n\n")
                await asyncio.sleep(TOLD_EVERY_S)
            elif await self._tail.grown(since, QUIET_S):
                await asyncio.sleep(random.random() * SPREAD_S * self._tail.readers)  # noqa: S311
            else:
                await _put(send, ": quiet\n\n")


async def _put(send: Send, text: str) -> None:
    async with asyncio.timeout(SENT_WITHIN_S):
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
