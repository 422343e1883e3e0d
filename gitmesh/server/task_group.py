"""Run server tasks concurrently; if one fails, cancel the rest."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Iterator, Mapping

from mesh.errors import Fatal, GitmeshError

_log = logging.getLogger(__name__)

Part = Coroutine[object, object, object]


def run_together(parts: Mapping[str, Part]) -> None:
    """Run the parts until SIGTERM or SIGINT; then cancel them, wait for all, and return.

    No part may end by itself. When one does, or fails, the others are cancelled and waited for.

    :raises Fatal: a part has ended.
    :raises Exception: what made a part fail; of several failures one of ours, if there is one.
    """
    with _one_error(), _signals_as_before():
        asyncio.run(_until_signal(_all(parts)))


async def _all(parts: Mapping[str, Part]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for name, work in parts.items():
            tasks.create_task(_for_ever(name, work), name=name)


async def _for_ever(name: str, work: Part) -> None:
    await work
    raise Fatal(f"{name} ended unexpectedly", hint="see the log lines above")


async def _until_signal(work: Part) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    asked: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        _log.info("stopping", extra={"signal": number.name})
        asked.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise


@contextlib.contextmanager
def _signals_as_before() -> Iterator[None]:
    """Handle signals as before when the event loop, which takes them over, is closed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _one_error() -> Iterator[None]:
    """Raise the error of the failed task instead of the group."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise _first(group.subgroup(GitmeshError) or group) from group


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
