"""The growth of the log, told to many readers by one look for all of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from typing import Final

from events.store import EventReader
from events.types import Chain
from mesh.errors import Retryable

LOOK_EVERY_S: Final = 0.1


class TooManyReaders(Retryable):
    """No more readers can follow the log now."""


class LogTail:
    """Tells streams when the log grows: one look at the log for all of them."""

    def __init__(
        self,
        log: EventReader,
        threads: Executor,
        *,
        most: int = 64,
        most_of_one: int = 8,
        settled_s: float = 0.0,
        within_s: float = 0.0,
    ) -> None:
        """Bound the number of readers, of all and of one.

        :param settled_s: readers are told when the log has not grown for so long;
        :param within_s: and at the latest so long after it began to grow.
        """
        self._settled_s = settled_s
        self._within_s = within_s
        self._most = most
        self._most_of_one = most_of_one
        self._log = log
        self._threads = threads
        self._grown = asyncio.Event()
        self._of_caller: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self.looks = 0
        """Number of looks that found the log grown."""
        self.ending = asyncio.Event()
        """Set when the server ends: streams end with it."""

    @asynccontextmanager
    async def followed_by(self, caller: str) -> AsyncIterator[None]:
        """Count a stream while it lasts.

        :raises TooManyReaders: there are too many.
        """
        if self._of_caller.total() >= self._most or self._of_caller[caller] >= self._most_of_one:
            raise TooManyReaders("there are too many event streams")
        self._of_caller[caller] += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._of_caller[caller] -= 1
            if not self._of_caller[caller]:
                del self._of_caller[caller]
            if not self._of_caller.total() and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    @property
    def readers(self) -> int:
        """Number of streams that follow the log now."""
        return self._of_caller.total()

    async def grown(self, since: int, within_s: float) -> bool:
        """Wait until the log grows or the server ends; tell whether that happened in time.

        :param since: ``looks`` before the reader last read.
        """
        if self.looks != since:
            return True
        waits = [asyncio.create_task(each.wait()) for each in (self._grown, self.ending)]
        done, _ = await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        return bool(done)

    def heads(self) -> tuple[int, ...]:
        """Return the newest position of each chain, in the order of :class:`Chain`."""
        return tuple(self._log.head(chain).seq for chain in Chain)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        before: tuple[int, ...] = ()
        began = last = 0.0
        """Times of the first and of the last growth that no reader was told; 0 if there is none."""
        while True:
            with suppress(Exception):  # the log is unavailable for a moment
                now, at = await loop.run_in_executor(self._threads, self.heads), loop.time()
                if now != before:
                    before, began, last = now, began or at, at
                if began and (at - last >= self._settled_s or at - began >= self._within_s):
                    began = 0.0
                    self._tell()
            await asyncio.sleep(LOOK_EVERY_S)

    def _tell(self) -> None:
        self.looks += 1
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
