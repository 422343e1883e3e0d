"""A worker of ``gitmesh serve --workers``: follows the log, serves proxies, reports to its parent.

The parent starts it with one end of a socket pair, through which both exchange messages. The worker
ends when the socket closes, so it never outlives its parent.
"""

import _signal  # type: ignore[import-not-found]

if __name__ == "__main__":
    # Ctrl-C and a closed terminal reach all its processes; the parent says when to end.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    _signal.signal(_signal.SIGHUP, _signal.SIG_IGN)

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from itertools import takewhile
from typing import Final, TextIO

from events.latest import Latest
from events.opening import open_for_reading
from events.publication import Publication
from events.state import MeshState, apply_all
from events.store import EventReader
from events.types import START, Seq
from gitmesh.server.error_stream import captured
from gitmesh.server.heartbeat import BEAT_S
from gitmesh.server.log_format import log_to_stderr
from gitmesh.server.worker_messages import (
    LONGEST_LINE,
    MOST_FACTS,
    MOST_REPORTS,
    News,
    facts_line,
    read_hello,
    read_told,
)
from mesh.errors import Fatal, GitmeshError, Retryable
from xds.delivery.stream_facts import Fact, Passed
from xds.reports.measured import Measured
from xds.server.discovery import serve_streams
from xds.server.publisher import LONGEST_PAUSE_S
from xds.snapshots.cache import SnapshotCache

_log = logging.getLogger(__name__)

GC_THRESHOLDS: Final = (50_000, 20, 50)
"""Thresholds of garbage collection. A mesh consists of many small long-lived values; with Python's
defaults, collection takes half the time of a cold start."""

_GATHER_S: Final = 0.002
"""Time for which facts are collected, so that the answers of a thousand proxies are sent as a few
lines."""
_DEAF_S: Final = 300.0
"""Time after which the worker gives up a parent that does not read, to limit memory."""
_MOST_MEASURED: Final = 2_000
"""Maximum number of reports about traffic that wait to be sent."""
_RETRY_S: Final = 0.1
_OTHERS_S: Final = LONGEST_PAUSE_S
"""Maximum wait for acknowledgements of other workers' proxies, before this worker offers the next
wave."""


def main() -> None:
    """Serve until the parent has ended; the exit code is 0 after a normal end."""
    gc.set_threshold(*GC_THRESHOLDS)
    for number in (signal.SIGINT, signal.SIGHUP):  # as above: for whoever calls this function
        signal.signal(number, signal.SIG_IGN)
    with captured() as stream:
        try:
            asyncio.run(_work(socket.socket(fileno=int(sys.argv[1])), stream))
        except GitmeshError as error:
            _log.error("%s", error.message, extra={"hint": error.hint} if error.hint else {})
            sys.exit(1)


async def _work(parent: socket.socket, stream: TextIO) -> None:
    reader, writer = await asyncio.open_unix_connection(sock=parent, limit=LONGEST_LINE)
    first = await reader.readline()
    if not first:
        return
    hello = read_hello(first)
    always = {"worker": hello.number}
    log_to_stderr(hello.log_level, as_json=hello.as_json, always=always, stream=stream)
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    news, latest, reports = Latest[News](), Latest[Publication](), PipeReports(writer)
    with open_for_reading(hello.log) as log:
        work = [
            asyncio.create_task(_listen(reader, news, reports)),
            asyncio.create_task(_wait(asked)),
            asyncio.create_task(_follow(LogReader(log), news, latest)),
            asyncio.create_task(
                serve_streams(
                    hello.listen,
                    SnapshotCache(),
                    latest,
                    reports,
                    settings=hello.ads,
                    past=log.past(),
                    traffic=reports.measure,
                )
            ),
        ]
        await reports.run_beside(work)


async def _listen(reader: asyncio.StreamReader, news: Latest[News], reports: "PipeReports") -> None:
    """Process the parent's messages until it has ended."""
    with contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            told = read_told(line)
            if isinstance(told, News):
                passed = reports.all_passed.get()
                if passed is not None and told.seq < passed[0]:
                    reports.all_passed.set((START, 0))
                news.set(told)
            else:
                reports.all_passed.set((told.seq, told.wave))


async def _wait(asked: asyncio.Event) -> None:
    await asked.wait()


async def _follow(log: "LogReader", news: Latest[News], latest: Latest[Publication]) -> None:
    """Advance the state to the newest message, repeatedly."""
    seen = 0
    while True:
        newest, seen = await news.after(seen)
        try:
            latest.set(await asyncio.to_thread(log.advance, newest))
        except Retryable as error:
            _log.warning("cannot follow the log yet: %s", error)
            seen -= 1
            await asyncio.sleep(_RETRY_S)


class LogReader:
    """Follows the mesh chain of a log that another process writes."""

    def __init__(self, log: EventReader) -> None:
        self._log = log
        self._state: MeshState | None = None

    def advance(self, news: News) -> Publication:
        """Return the mesh to serve: exactly the mesh after the event at ``news.seq``.

        Later commits in the log may not be published yet.

        :raises LogUnavailable: the log cannot be read now.
        """
        before = self._state
        if before is None or news.seq < before.seq:  # an older one is pinned
            self._state = self._log.state(news.seq)
            return Publication(
                self._state,
                moved_ns=news.moved_ns,
                seen_ns=news.seen_ns,
                planned_ns=news.planned_ns,
            )
        events = list(
            takewhile(lambda each: each[0] <= news.seq, self._log.replay(after=before.seq))
        )
        self._state = apply_all(before, events)
        keys = (getattr(event, "key", None) for _, event in events)
        return Publication(
            self._state,
            before.seq,
            frozenset(key for key in keys if key is not None),
            moved_ns=news.moved_ns,
            seen_ns=news.seen_ns,
            planned_ns=news.planned_ns,
        )


class PipeReports:
    """Sends what happens to this worker's proxies to the parent process, in batches."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._facts: list[Fact] = []
        self._measured: list[Measured] = []
        self._wake = asyncio.Event()
        self.all_passed = Latest[tuple[Seq, int]]()
        """The newest wave that all workers may offer, with its publication."""

    def begin(self, publication: Publication) -> None:
        """Do nothing: the parent sent the publication itself."""

    def report(self, fact: Fact) -> None:
        """Queue a fact."""
        self._facts.append(fact)
        self._wake.set()

    def measure(self, measured: Measured) -> None:
        """Queue a report about traffic; it is dropped if the parent does not keep up."""
        if len(self._measured) < _MOST_MEASURED:
            self._measured.append(measured)
            self._wake.set()

    async def passed(self, seq: Seq, wave: int) -> None:
        """Wait, for a bounded time, until the parent allows all workers to offer the wave."""
        self.report(Passed(seq, wave))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OTHERS_S):
                passed, seen = await self.all_passed.after(0)
                while passed < (seq, wave):
                    passed, seen = await self.all_passed.after(seen)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self._wake.set()

    async def run_beside(self, work: list[asyncio.Task[None]]) -> None:
        """Send facts until one of the tasks ends; then cancel the others, and send the rest.

        :raises Fatal: the parent does not read.
        """
        tasks = [*work, *map(asyncio.create_task, (self._send_for_ever(), self._beat()))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(ConnectionError, Fatal):
                await self._send()
                self._writer.close()
                await self._writer.wait_closed()

    async def _send_for_ever(self) -> None:
        with contextlib.suppress(ConnectionError):  # The parent has gone, which ends all.
            while True:
                await self._wake.wait()
                self._wake.clear()
                await asyncio.sleep(_GATHER_S)
                await self._send()

    async def _send(self) -> None:
        facts, self._facts = self._facts, []
        measured, self._measured = self._measured, []
        # A line of no facts says that this process is alive.
        for start in range(0, max(len(facts), 1), MOST_FACTS):
            self._writer.write(facts_line(facts[start : start + MOST_FACTS]))
        for start in range(0, len(measured), MOST_REPORTS):
            self._writer.write(facts_line(measured[start : start + MOST_REPORTS]))
        try:
            async with asyncio.timeout(_DEAF_S):
                await self._writer.drain()
        except ConnectionError:
            pass  # It has gone; whoever listens to it learns that, too, and ends the rest.
        except TimeoutError:
            raise Fatal("the parent process no longer accepts messages") from None


if __name__ == "__main__":
    main()
