"""Concurrent server tasks: if one fails, the rest are cancelled."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping

from gitmesh.event_loop import StoppedBySignal, run_until_signal
from mesh.errors import Fatal, GitmeshError

_log = logging.getLogger(__name__)

Part = Callable[[], Coroutine[object, object, object]]
"""Function that returns the coroutine of a task. Coroutines are created late: Python would warn
about one that a signal prevents from being awaited."""


def run_together(parts: Mapping[str, Part]) -> None:
    """Run the parts until SIGTERM, SIGINT or SIGHUP; then cancel them, wait for all, and return.

    No part may end by itself. If one ends or fails, the others are cancelled and awaited.

    :raises Fatal: a part has ended.
    :raises Exception: the error of the part that failed; of several errors, preferably one of
        gitmesh's.
    """
    with _one_error(), contextlib.suppress(StoppedBySignal):
        run_until_signal(lambda: _all(parts), _log_stopping)


async def _all(parts: Mapping[str, Part]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for name, work in parts.items():
            tasks.create_task(_for_ever(name, work), name=name)


async def _for_ever(name: str, work: Part) -> None:
    await work()
    raise Fatal(f"{name} ended unexpectedly", hint="see the log lines above")


def _log_stopping(number: signal.Signals) -> None:
    _log.info("stopping", extra={"signal": number.name})


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
