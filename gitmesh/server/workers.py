"""The parent of ``gitmesh serve --workers``: starts workers, sends publications, receives their
facts.

Only the parent writes to the log. Workers get publications at once and process them at their own
pace; a slow or hanging worker does not delay the others. A worker that dies is restarted; a worker
that hangs is killed and restarted. Its proxies reconnect to other workers. When the parent dies,
the sockets of the workers close, and they end, too.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from events.descriptors import shortage
from events.latest import Latest
from events.publication import Publication
from events.types import START, Seq
from gitmesh.server.heartbeat import Heartbeat
from gitmesh.server.worker_messages import (
    LONGEST_LINE,
    AllPassed,
    Hello,
    News,
    hello_line,
    read_facts,
    told_line,
)
from gitmesh.settings import child_environment
from mesh.errors import Fatal
from xds.delivery.delivery_tracker import HERE, DeliveryTracker
from xds.delivery.recorder import Recorder, recording
from xds.delivery.stream_facts import Fact, Finished, Passed
from xds.reports.measured import Measured
from xds.server.shared_port import reserved

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 10.0
_HEALTHY_S: Final = 60.0
"""Minimum lifetime of a worker that did not fail at its start."""
_ALL_WAVES: Final = 1 << 16
"""Number that is greater than the number of waves of any publication."""
_STOP_S: Final = 5.0
"""Time for the streams of a stopping worker to end."""


@dataclass
class _Worker:
    """One of the workers: a fixed number, and one process at a time."""

    number: int
    told: asyncio.StreamWriter | None = None
    """Writer for messages to the worker's process, while there is one."""
    finished: Seq | None = None
    """The newest publication that the worker has offered; ``None`` before it serves."""
    passed: tuple[Seq, int] = (START, 0)
    """The newest wave that the worker may offer, with its publication."""
    silent: bool = False
    """True if the worker has missed heartbeats; then no other worker waits for it."""
    served: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the worker serves for the first time."""


async def serve_in_workers(
    count: int,
    listen: str,
    hello: Callable[[int, str], Hello],
    latest: Latest[Publication],
    recorder: Recorder,
    traffic: Callable[[Measured], None],
    ready: Callable[[], None],
    error_stream: int | None = None,
) -> None:
    """Serve every publication in ``count`` processes on one address until cancelled.

    ``hello`` returns a worker's first message, by its number and the address. ``traffic`` receives
    what proxies report. Calls ``ready`` once
    all workers serve. Also runs the recorder, which ends last.

    :raises Fatal: the address cannot be used, or a worker cannot start.
    :raises UsageError: the address cannot be shared.
    """
    with reserved(listen) as (address, port):

        def serving() -> None:
            _log.info("serving xDS", extra={"address": listen, "port": port, "workers": count})
            ready()

        workers = Workers(
            count,
            lambda number: hello(number, address),
            DeliveryTracker(recorder),
            traffic,
            error_stream,
        )
        await recording(recorder, workers.run(latest, serving))


class Workers:
    """The processes that serve publications on one port."""

    def __init__(
        self,
        count: int,
        hello: Callable[[int], Hello],
        tracker: DeliveryTracker,
        traffic: Callable[[Measured], None] = lambda measured: None,
        error_stream: int | None = None,
    ) -> None:
        """Make ``count`` workers, numbered from 1; ``hello`` returns the first message to a worker.

        :param error_stream: the descriptor to which workers write log lines, if not this process's
            own.
        """
        self._error_stream = error_stream
        self._workers = [_Worker(number) for number in range(1, count + 1)]
        self._hello = hello
        self._tracker = tracker
        self._traffic = traffic
        self._news: News | None = None
        self._passed = (START, 0)

    async def run(self, latest: Latest[Publication], ready: Callable[[], None]) -> None:
        """Serve every publication until cancelled; call ``ready`` once all workers serve.

        No process is left when the method returns.

        :raises Fatal: a worker cannot start.
        """
        async with asyncio.TaskGroup() as tasks:
            for worker in self._workers:
                tasks.create_task(self._keep(worker))
            tasks.create_task(self._publish(latest))
            for worker in self._workers:
                await worker.served.wait()
            ready()

    # ---- what is served --------------------------------------------------------------------------

    async def _publish(self, latest: Latest[Publication]) -> None:
        seen = 0
        while True:
            publication, seen = await latest.after(seen)
            first, self._news = self._news is None, News.of(publication)
            # One that has just been started learns it before it serves anybody.
            serving = [w for w in self._workers if first or w.finished is not None]
            self._tracker.begin(publication, [HERE, *(worker.number for worker in serving)])
            seq = publication.state.seq
            if seq < self._passed[0]:  # an older one is pinned: what it was passed counts anew
                self._passed = (START, 0)
                for worker in self._workers:
                    worker.passed = self._passed
            for worker in self._workers:
                self._tell(worker)
            self._tracker.report(Finished(seq, time.time_ns()), HERE)

    def _tell(self, worker: _Worker) -> None:
        if worker.told is not None and self._news is not None:
            worker.told.write(told_line(self._news))

    def _let_pass(self) -> None:
        """Let all workers continue as soon as every responsive worker may."""
        serving = [w for w in self._workers if w.finished is not None and not w.silent]
        lowest = min((worker.passed for worker in serving), default=self._passed)
        if lowest <= self._passed:
            return
        self._passed = lowest
        line = told_line(AllPassed(*lowest))
        for worker in serving:
            if worker.told is not None:
                worker.told.write(line)

    # ---- processes -------------------------------------------------------------------------------

    async def _keep(self, worker: _Worker) -> None:
        """Keep a worker running."""
        pause_s = _FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            try:
                reason = await self._run(worker)
            except OSError as error:
                reason = f"cannot be started: {shortage(error) or error.strerror}"
            if not worker.served.is_set():
                raise Fatal(
                    f"worker {worker.number} {reason} before it was ready",
                    hint="see the log lines above",
                )
            if time.monotonic() - started > _HEALTHY_S:
                pause_s = _FIRST_PAUSE_S
            _log.error(
                "a worker died and is restarted",
                extra={"worker": worker.number, "reason": reason, "after_s": pause_s},
            )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _run(self, worker: _Worker) -> str:
        """Run a worker's process until it ends; return a description of the end. If cancelled, end
        the process."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "gitmesh.server.worker",
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stderr=self._error_stream,
                env=child_environment(),
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=LONGEST_LINE)
        writer.write(hello_line(self._hello(worker.number)))
        worker.told = writer
        self._tell(worker)
        heart = Heartbeat(late=lambda: self._silent(worker, process.pid))
        hearing = asyncio.create_task(self._hear(worker, reader, process.pid, heart))
        silence = asyncio.create_task(heart.silent())
        try:
            await asyncio.wait([hearing, silence], return_when=asyncio.FIRST_COMPLETED)
            if silence.done():
                process.kill()
        finally:
            silence.cancel()
            worker.told = None
            try:
                await _end(process, writer, hearing)
            finally:
                worker.finished, worker.silent = None, False
                self._let_pass()
                self._tracker.lost(worker.number, "the worker has died", time.time_ns())
        if silence.done() and not silence.cancelled():
            return f"{silence.result()} and was killed"
        return _reason(process.returncode)

    async def _hear(
        self, worker: _Worker, reader: asyncio.StreamReader, pid: int, heart: Heartbeat
    ) -> None:
        """Process the messages of a process until its end."""
        try:
            # One that is killed may leave a line that has no end.
            while (line := await reader.readline()).endswith(b"\n"):
                heart.heard()
                self._answers(worker)
                for fact in read_facts(line):
                    self._take(worker, fact, pid)
        except ConnectionError:
            pass  # It has died in the middle of a word.
        except ValueError as error:
            _log.error("a worker sent an invalid message: %s", error, extra={"pid": pid})

    def _silent(self, worker: _Worker, pid: int) -> None:
        if worker.finished is None:
            return  # It does not serve: nobody waits for it.
        worker.silent = True
        self._tracker.silent(worker.number, pid, time.time_ns())
        self._let_pass()

    def _answers(self, worker: _Worker) -> None:
        if worker.silent:
            worker.silent = False
            self._tracker.answers(worker.number)

    def _take(self, worker: _Worker, fact: Fact | Measured, pid: int) -> None:
        if isinstance(fact, Measured):
            self._traffic(fact)
            return
        if isinstance(fact, Passed):
            worker.passed = (fact.seq, fact.wave)
            self._let_pass()
        elif isinstance(fact, Finished):
            if worker.finished is None:
                _log.info("worker serves", extra={"worker": worker.number, "pid": pid})
                worker.passed = self._passed
            worker.finished = fact.seq
            worker.served.set()
            if self._news is not None and fact.seq == self._news.seq:
                # It has no wave of this publication or of one before it left to pass.
                worker.passed = max(worker.passed, (fact.seq, _ALL_WAVES))
                self._let_pass()
        self._tracker.report(fact, worker.number)


async def _end(
    process: asyncio.subprocess.Process, writer: asyncio.StreamWriter, hearing: asyncio.Task[None]
) -> None:
    """Ask a process to end by closing its socket; read its last messages; kill it if it does not
    end."""
    try:
        with contextlib.suppress(OSError):
            writer.write_eof()
        async with asyncio.timeout(_STOP_S):
            await asyncio.wait([hearing])
            await process.wait()
    except TimeoutError:
        _log.warning("a worker did not stop in time and is killed", extra={"pid": process.pid})
    finally:
        hearing.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
        writer.close()


def _reason(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
