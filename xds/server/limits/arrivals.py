"""New streams of each connection at a limited rate, so that one client keeps no others out.

A client that opens streams and resets them at once costs a server more than itself: a stream that
was reset waits in gRPC like any other until Python takes it. gRPC refuses streams beyond the limit
of a connection (``grpc.max_concurrent_streams``) at little cost, and counts each until its handler
ends. So a stream beyond the rate is held for a moment, also when it was reset meanwhile.
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
"""How long a stream is held at most."""
MOST_HELD: Final = 2_000
"""Held streams of all connections; those beyond are refused instead."""


class Arrivals:
    """Delays new streams of connections that open many."""

    def __init__(self, settings: AdsSettings) -> None:
        self._per_s = settings.new_streams_of_connection_per_s
        self._at_once = settings.new_streams_of_connection_at_once
        self._buckets = OrderedDict[str, TokenBucket]()
        self._held = 0
        self._released = asyncio.Event()

    async def turn(self, peer: str) -> None:
        """Wait until a new stream of this connection may be served.

        :raises LimitReached: too many streams wait.
        :raises asyncio.CancelledError: it was reset meanwhile.
        """
        delay = self._delay(peer, time.monotonic())
        if delay <= 0:
            return
        if self._held >= MOST_HELD:
            raise LimitReached("too many streams come at once; come again in a second")
        self._held += 1
        try:
            await self._hold(time.monotonic() + delay)
        finally:
            self._held -= 1

    def release(self) -> None:
        """Hold no stream any longer: the server ends."""
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
