"""Streams that clients reset before their first request: counts and warnings."""

import asyncio
import logging
import time
from collections import Counter
from typing import Final

from events.types import STREAMS_RESET
from xds.delivery.stream_facts import Full, Reports

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
TELL_EVERY_S: Final = 60.0
"""Interval of warnings while clients keep resetting streams."""
MANY: Final = 100
"""Number of reset streams within :data:`CALM_S` that causes a warning; proxies never reset so
many."""
CALM_S: Final = 30.0
_MOST_PEERS: Final = 1_000
"""Maximum number of connections that are counted separately."""


class Resets:
    """Counts of reset streams by connection. Streams that gRPC itself refuses are not counted."""

    def __init__(self, reports: Reports) -> None:
        """Begin with no reset streams.

        :param reports: receives a fact when clients begin to reset many streams, and when that
            ends.
        """
        self.total = 0
        """Number of reset streams since the server's start."""
        self._reports = reports
        self._peers = Counter[str]()
        self._recent = 0
        self._recent_from = self._told_at = -float("inf")
        self._going_on = False

    def count(self, peer: str) -> None:
        """Count a reset stream of a connection."""
        self.total += 1
        self._recent += 1
        if peer in self._peers or len(self._peers) < _MOST_PEERS:
            self._peers[peer] += 1

    async def watch(self) -> None:
        """Check the counts every second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Report when clients begin to reset many streams, and when that ends."""
        many, calm = self._recent >= MANY, now - self._recent_from >= CALM_S
        if not many and not calm:
            return
        self._recent, self._recent_from = 0, now
        if many and not self._going_on:
            self._reports.report(Full(self._words(), STREAMS_RESET))
        elif self._going_on and not many:
            self._reports.report(Full("", STREAMS_RESET))
        if (self._going_on and not many) or (many and now - self._told_at >= TELL_EVERY_S):
            self._warn(now)
        self._going_on = many
        if not many:
            self._peers.clear()

    def _words(self) -> str:
        (peer, _), *others = self._peers.most_common()
        more = f" and {len(others)} other connections" if others else ""
        return f"{peer}{more} open streams and reset them before they ask for anything"

    def _warn(self, now: float) -> None:
        self._told_at = now
        for peer, most in self._peers.most_common(1):
            _log.warning(
                "clients reset streams before their first request",
                extra={
                    "count": self._peers.total(),
                    "connections": len(self._peers),
                    "most_by": peer,
                    "of_it": most,
                },
            )
        self._peers.clear()
