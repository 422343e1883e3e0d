"""Number of a server's connections, and warnings when there is no room for more.

gRPC closes a connection beyond the limit at once, without telling the application. So the
connections are counted here, once a second.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from xds.delivery.stream_facts import Full, Reports

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
TELL_EVERY_S: Final = 60.0
"""Interval of warnings about a shortage that lasts."""
CALM_S: Final = 30.0
"""A shortage is over when there has been room for this time."""
HINT: Final = "docs/serving.md says how to raise limits"


class Occupancy:
    """Number of this process's connections, compared with its limit. The figures may be read at any
    time."""

    def __init__(
        self,
        limit: int,
        count: Callable[[], int],
        streaming: Callable[[], int],
        reports: Reports,
    ) -> None:
        """Begin with no connection.

        :param limit: maximum number of connections.
        :param count: returns the number of open descriptors of the process; called from a thread.
        :param streaming: returns the number of connections with a stream.
        :param reports: receives a fact when a shortage begins, and when it ends.
        """
        self.limit = limit
        self.connections = 0
        """Number of connections, with and without a stream."""
        self.most = 0
        """Highest number of connections seen at once."""
        self.refused = Counter[str]()
        """Number of refused streams since the start, by reason."""
        self.is_full = False
        self._count = count
        self._others = count()
        self._streaming = streaming
        self._reports = reports
        self._told = Counter[str]()
        self._told_at = self._full_at = -float("inf")
        self._refusals_told_at = -float("inf")

    @property
    def without_stream(self) -> int:
        """Number of connections without a stream, including those that have sent nothing."""
        return max(0, self.connections - self._streaming())

    async def watch(self) -> None:
        """Count the connections every second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            open_now = await asyncio.to_thread(self._count)
            self.look(open_now, time.monotonic())

    def look(self, open_now: int, now: float) -> None:
        """Process a new count of open descriptors; warn if there is no room for more
        connections."""
        self.connections = max(0, open_now - self._others)
        self.most = max(self.most, self.connections)
        if self.connections >= self.limit - self.limit // 100:
            self._full(now)
        elif self.is_full and now - self._full_at >= CALM_S:
            self.is_full = False
            _log.info("there is room for connections again", extra=self._figures())
            self._reports.report(Full(""))
        self._say_refusals(now)

    def refuse(self, reason: str) -> None:
        """Count a refused stream."""
        self.refused[reason] += 1

    def _full(self, now: float) -> None:
        self._full_at = now
        if not self.is_full:
            self.is_full = True
            self._reports.report(
                Full(
                    f"there is no room for more than {self.limit} connections; "
                    f"{self.without_stream} of those there are have no stream"
                )
            )
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            _log.warning(
                "there is no room for more connections: new ones are closed at once",
                extra={**self._figures(), "hint": HINT},
            )

    def _say_refusals(self, now: float) -> None:
        new = self.refused - self._told
        if new and now - self._refusals_told_at >= TELL_EVERY_S:
            self._refusals_told_at = now
            self._told = self.refused.copy()
            for reason, times in new.items():
                _log.warning("streams were refused", extra={"reason": reason, "count": times})

    def _figures(self) -> dict[str, int]:
        return {
            "connections": self.connections,
            "without_stream": self.without_stream,
            "limit": self.limit,
        }
