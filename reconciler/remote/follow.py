"""The loop that keeps a mirror like its remote: it asks at intervals, and at once when told to."""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from events.store import EventStore
from mesh.errors import Retryable
from reconciler.health import Health, remote_reasons_left
from reconciler.reading.source import SourceUnavailable
from reconciler.remote.git_process import GitStopped
from reconciler.remote.mirror import Mirror

T = TypeVar("T")
_log = logging.getLogger(__name__)

JITTER: Final = 0.1
"""Intervals differ by up to this share, so that servers do not ask a forge all at once."""
LONGEST_BACKOFF_S: Final = 300.0
LEAST_BETWEEN_S: Final = 0.2
"""Minimum time between two questions, whoever asks for them."""


@dataclass(frozen=True, slots=True)
class RemotePace:
    """Intervals at which a remote is asked."""

    poll_s: float = 15.0
    jitter: Callable[[], float] = lambda: random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311

    def after(self, failures: int) -> float:
        """Return the time until the next question, after so many failures in a row."""
        doubled = self.poll_s * float(2 ** min(max(failures - 1, 0), 16))
        longest = max(LONGEST_BACKOFF_S, self.poll_s)
        return min(doubled, longest) * self.jitter()


class RemoteFollower:
    """Follows the branch of a remote. :meth:`wake` may be called by whoever hears of a push."""

    def __init__(self, mirror: Mirror, log: EventStore, pace: RemotePace = RemotePace()) -> None:
        self._mirror = mirror
        self._log = log
        self._pace = pace
        self._told = asyncio.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Ask the remote soon: somebody says that it has moved. At most a few times a second."""
        self._told.set()

    async def run(self) -> None:
        """Follow the remote until cancelled; what cannot be done now is tried again for ever.

        Each obstacle is one event when it begins and one when it ends, however often the remote is
        asked meanwhile.
        """
        health = Health(await self._in_thread(lambda: remote_reasons_left(self._log)))
        failures, told = 0, False
        while True:
            asked_at = time.monotonic()
            try:
                await self._ask(told)
                failures = 0
                health.remote(None)
            except SourceUnavailable as error:
                failures += 1
                health.remote(error)
            health.looked()
            await self._record(health)
            told = await self._pause(asked_at, self._pace.after(failures))

    async def _ask(self, told: bool) -> None:
        # Who is told of a push fetches at once; else one question is cheaper than a fetch.
        ask = self._mirror.fetch if told else self._mirror.look
        found = await self._in_thread(lambda: ask(self._stopping.is_set))
        if found.moved:
            _log.debug("the remote's branch moved", extra={"commit": found.tip})

    async def _record(self, health: Health) -> None:
        if not (observed := health.take()):
            return
        try:
            await self._in_thread(lambda: self._log.append_observed(observed))
        except Retryable:
            health.keep(observed)

    async def _pause(self, asked_at: float, pause_s: float) -> bool:
        """Wait for the next question; return whether somebody asked for it."""
        told = False
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._told.wait()
                told = True
        # Whatever is told within this time is answered by the one question that follows.
        await asyncio.sleep(max(0.0, asked_at + LEAST_BETWEEN_S - time.monotonic()))
        self._told.clear()
        return told

    async def _in_thread(self, work: Callable[[], T]) -> T:
        task = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.wait([task])
            with suppress(GitStopped, Exception):
                task.result()
            raise
