"""Event loop that runs a coroutine until it ends, or until SIGINT, SIGTERM or SIGHUP cancels it.

If a signal handler raised an exception inside asyncio, coroutines would be left unawaited, with
tracebacks about them. So, while the loop exists, a signal raises no exception but cancels the work.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, Final, TypeVar

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedBySignal(Exception):
    """A signal cancelled the work, which has finished its cleanup."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number


def run_until_signal(
    work: Callable[[], Coroutine[Any, Any, T]],
    stopping: Callable[[signal.Signals], None] = lambda _: None,
) -> T:
    """Run the work in a new event loop and return its result; SIGINT, SIGTERM and SIGHUP
    cancel it.

    The work is a function, so that no coroutine exists before signals are handled. Calls
    ``stopping`` before each cancellation. A signal that arrives after the work has ended is sent
    again when the loop is closed, for the previous handler.

    :raises StoppedBySignal: a signal cancelled the work.
    """
    handler = _Handler(stopping)
    with _handled_by(handler.handle):
        result = asyncio.run(handler.run(work))
    if handler.got:
        signal.raise_signal(handler.got[0])
    return result


class _Handler:
    """Signal handler that cancels the work as soon as the event loop can do so."""

    def __init__(self, stopping: Callable[[signal.Signals], None]) -> None:
        self.got: list[signal.Signals] = []
        self._seen = 0
        self._stopping = stopping
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    def handle(self, number: int, _: FrameType | None) -> None:
        self.got.append(signal.Signals(number))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop)

    async def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work())
        self._task = task
        with _woken_by_signals(loop):
            self._loop = loop
            loop.call_soon(self._stop)
            try:
                return await task
            except asyncio.CancelledError:
                if not self.got:
                    raise
                raise StoppedBySignal(self.got[0]) from None
            finally:
                self._loop = self._task = None

    def _stop(self) -> None:
        while self._task and self._seen < len(self.got):
            self._seen += 1
            self._stopping(self.got[self._seen - 1])
            self._task.cancel()


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]  # by nohup: the work is to outlive its terminal
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextlib.contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Make signals wake the loop: Python runs handlers only between two bytecode instructions."""
    reading, writing = socket.socketpair()
    with reading, writing:
        for end in (reading, writing):
            end.setblocking(False)
        loop.add_reader(reading, reading.recv, 4096)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(reading)
