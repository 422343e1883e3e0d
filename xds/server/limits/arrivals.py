"""Rate limit of new streams per connection, so that one client cannot lock out others.

A client that opens streams and resets them at once costs the server more than itself: in gRPC, a
stream that was reset waits like any other until Python handles it. gRPC refuses streams beyond the
limit of a connection (``grpc.max_concurrent_streams``) at little cost, and counts a stream until
its handler ends. So a stream beyond the rate is held for a moment, even if it was reset meanwhile.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from typing import Final

from xds.server.limits.admission import LimitReached
from xds.server.settings import AdsSettings
from xds.token_bucket import TokenBucket

LONGEST_S: Final = 5.0
"""Maximum time for which a stream is held."""
MOST_HELD: Final = 2_000
"""Maximum number of held streams, of all connections; further streams are refused."""


class Arrivals:
    """Delays new streams of connections that open many streams."""

    def __init__(self, settings: AdsSettings) -> None:
        self._per_s = settings.new_streams_of_connection_per_s
        self._at_once = settings.new_streams_of_connection_at_once
        self._buckets = OrderedDict[str, TokenBucket]()
        self._held = 0
        self._released = asyncio.Event()

    async def turn(self, peer: str) -> None:
        """Wait until a new stream of this connection may be served.

        :raises LimitReached: too many streams wait.
        :raises asyncio.CancelledError: the stream was reset meanwhile.
        """
        delay = self._delay(peer, time.monotonic())
        if delay <= 0:
            return
        if self._held >= MOST_HELD:
            raise LimitReached("too many new streams at once; retry in a second")
        self._held += 1
        try:
            await self._hold(time.monotonic() + delay)
        finally:
            self._held -= 1

    def release(self) -> None:
        """Release all held streams, because the server ends."""
        self._released.set()

    async def _hold(self, until: float) -> None:
        try:
            await self._wait(until)
        except asyncio.CancelledError:
            # It keeps its place: gRPC refuses further streams of this connection meanwhile.
            await self._wait(until)
            raise

    async def _wait(self, until: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                await self._released.wait()

    def _delay(self, peer: str, now: float) -> float:
        buckets = self._buckets
        if (bucket := buckets.get(peer)) is None:
            bucket = buckets[peer] = TokenBucket(self._per_s, self._at_once, now)
        buckets.move_to_end(peer)
        delay = bucket.take(1, now)
        if delay > LONGEST_S:
            bucket.give_back()
        while next(iter(buckets.values())).is_full(now):
            buckets.popitem(last=False)
        return min(delay, LONGEST_S)
