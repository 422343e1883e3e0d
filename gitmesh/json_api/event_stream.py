"""Server-Sent Events: the logged events after a position, then new events as they are logged.

There are limits for the number of streams, in all and per caller, for the duration of a stream, and
for the time in which a client must read. A client that was disconnected continues with
``Last-Event-ID``.
"""

import asyncio
import json
from concurrent.futures import Executor
from contextlib import suppress
from typing import Final

from starlette.types import Receive, Scope, Send

from events.store import EventReader
from gitmesh.json_api.event_feed import Feed, Position
from gitmesh.json_shapes.events import event_shape
from gitmesh.service.history.log_tail import LogTail

MOST_STREAMS: Final = 64
MOST_OF_CALLER: Final = 8
LASTS_S: Final = 900.0
"""Maximum duration of a stream. Then the client reconnects, and its permission is checked again."""
SENT_WITHIN_S: Final = 10.0
"""Maximum time in which a client must read sent data."""
QUIET_S: Final = 15.0
"""Interval of comments on a stream without events, so that nobody in between closes it."""
_BATCH: Final = 100


class EventStream:
    """One stream, as an ASGI application."""

    def __init__(
        self,
        tail: LogTail,
        threads: Executor,
        log: EventReader,
        feed: Feed,
        at: Position,
    ) -> None:
        self._tail = tail
        self._threads = threads
        self._log = log
        self._feed = feed
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client disconnects, is too slow, or the stream's time is over."""
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(_gone(receive))
        sending = asyncio.create_task(self._send_all(send))
        try:
            async with asyncio.timeout(LASTS_S):
                await asyncio.wait([gone, sending], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            pass
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)
        if not sending.cancelled() and sending.exception() is not None:
            return  # too slow: without an end of the body, the connection is closed
        with suppress(TimeoutError):
            async with asyncio.timeout(SENT_WITHIN_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        await _put(send, f"retry: 1000\nid: {self._at}\n\n")
        while not self._tail.ending.is_set():
            since = self._tail.looks
            found, at = await loop.run_in_executor(
                self._threads, self._feed.batch, self._log, self._at, _BATCH
            )
            moved, self._at = at != self._at, at
            if found:
                parts = [
                    f"id: {where}\nevent: {record.kind}\n"
                    f"data: {json.dumps(event_shape(record), separators=(',', ':'))}\n\n"
                    for record, where in found
                ]
                await _put(send, "".join(parts))
            if moved and not found:
                await _put(send, f"id: {at}\n\n")
            if not moved and not await self._tail.grown(since, QUIET_S):
                await _put(send, ": quiet\n\n")


async def _put(send: Send, text: str) -> None:
    """Send a part of the body.

    :raises TimeoutError: the client does not read it.
    """
    async with asyncio.timeout(SENT_WITHIN_S):
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
