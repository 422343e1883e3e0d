"""Wake-ups when refs may have moved. The only module that imports watchfiles.

A wake-up is a hint: the receiver then reads the refs. So a missed event costs at most one poll
interval, and a spurious event a few microseconds.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

from events import memory

Report = Callable[[str | None], None]
"""Callback for the reason why watching fails, and with ``None`` when it works again."""

STEP_MS: Final = 5
"""Interval at which the refs are checked for file events, and quiet time after an event."""
SLOW_STEP_MS: Final = 50
"""This interval for the top directory: longer, because each check costs CPU time and pushes change
nothing there."""
DEBOUNCE_MS: Final = 25
"""Interval of wake-ups during continuous events."""
_ALIVE_MS: Final = 500
_ROOT_NAMES: Final = ("HEAD", "packed-refs", "refs")


async def wakeups(
    ref_dir: Path, *, poll_s: float = 1.0, report: Report = lambda reason: None
) -> AsyncGenerator[None, None]:
    """Yield at once, then whenever refs may have moved, and at least every ``poll_s`` seconds.

    Polling continues whatever happens to the watch: inotify watches exhausted, directory deleted or
    replaced, a file system without events. Close the iterator to stop the watch.
    """
    woken = asyncio.Event()
    stop = asyncio.Event()
    watch = asyncio.create_task(_Watch(ref_dir, woken, stop, poll_s, report).run())
    try:
        while True:
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await woken.wait()
            woken.clear()
    finally:
        stop.set()
        await watch


class _Watch:
    """Watches until stopped, and restarts after failures."""

    def __init__(
        self,
        ref_dir: Path,
        woken: asyncio.Event,
        stop: asyncio.Event,
        poll_s: float,
        report: Report,
    ) -> None:
        self._dir = ref_dir
        self._woken = woken
        self._stop = stop
        self._poll_s = poll_s
        self._report = report
        self._failed = False

    async def run(self) -> None:
        while not self._stop.is_set():
            broken = asyncio.Event()
            parts = [
                # Writes to the object store are very frequent; so only the top directory and the
                # refs below it are watched.
                asyncio.create_task(self._part(self._dir, False, broken)),
                asyncio.create_task(self._part(self._dir / "refs", True, broken)),
                asyncio.create_task(self._until_replaced(broken)),
            ]
            await asyncio.gather(*parts)
            await self._pause()

    async def _part(self, path: Path, recursive: bool, broken: asyncio.Event) -> None:
        wanted = _below_refs if recursive else _at_root
        try:
            changes = awatch(
                path,
                watch_filter=wanted,
                debounce=DEBOUNCE_MS,
                step=STEP_MS if recursive else SLOW_STEP_MS,
                stop_event=_Either(self._stop, broken),
                rust_timeout=_ALIVE_MS,
                yield_on_timeout=True,
                recursive=recursive,
            )
            async for seen in changes:
                if seen:
                    self._woken.set()
                elif recursive:
                    self._works()
        except Exception as error:
            # Polling continues after any failure of the watch: log it and try again.
            missing = isinstance(error, FileNotFoundError)
            self._fails(f"{path} is missing" if missing else _words(error))
        broken.set()

    async def _until_replaced(self, broken: asyncio.Event) -> None:
        """End the watch when its directory is gone or was replaced."""
        watched = _identity(self._dir)
        while not self._stop.is_set() and not broken.is_set():
            if _identity(self._dir) != watched:
                self._fails("the directory was replaced or removed")
                self._woken.set()
                broken.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._stop.wait()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._stop.wait()

    def _fails(self, reason: str) -> None:
        if not self._failed:
            self._failed = True
            self._report(reason)

    def _works(self) -> None:
        if self._failed:
            self._failed = False
            self._report(None)


def _words(error: Exception) -> str:
    """Return the cause of a failure as one line; the failure may be an exception group."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, MemoryError):
        return f"{memory.NO_MEMORY}; {memory.HINT}"
    return f"{type(error).__name__}: {error}"


class _Either:
    """Set when one of two events is set; the watch's thread checks it."""

    def __init__(self, one: asyncio.Event, other: asyncio.Event) -> None:
        self._events = (one, other)

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def set(self) -> None:
        self._events[1].set()


def _identity(ref_dir: Path) -> tuple[int, int] | None:
    try:
        found = (ref_dir / "refs").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


# Git moves a ref by renaming its lock file, so a push looks like "added" and the kind of change has
# no meaning. Locks themselves are ignored.
def _below_refs(change: Change, path: str) -> bool:
    return not path.endswith(".lock")


def _at_root(change: Change, path: str) -> bool:
    return path.rpartition("/")[2] in _ROOT_NAMES
