"""Notices that refs may have moved. The only module that imports watchfiles.

A wake-up is a hint, never news: whoever is woken looks at the repository. So a missed event costs
at most one poll, and noise costs a few microseconds.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

Report = Callable[[str | None], None]
"""Told why watching does not work, and ``None`` when it works again."""

STEP_MS: Final = 5
"""The watch of the refs looks for events this often, and waits for this much quiet after one."""
SLOW_STEP_MS: Final = 50
"""The same at the top of the directory, where no push shows: each look costs some CPU time."""
DEBOUNCE_MS: Final = 25
"""Events that never pause are handed on this often."""
_ALIVE_MS: Final = 500
_ROOT_NAMES: Final = ("HEAD", "packed-refs", "refs")


async def wakeups(
    ref_dir: Path, *, poll_s: float = 1.0, report: Report = lambda reason: None
) -> AsyncGenerator[None, None]:
    """Yield at once, then whenever refs may have moved, and every ``poll_s`` seconds in any case.

    Polling goes on whatever becomes of the watch: out of inotify watches, directory deleted or
    replaced, a file system that tells nothing. Close the iterator to stop the watch.
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
    """Watches until told to stop, beginning again whenever it fails."""

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
                # The objects beside the refs come in floods; only the top of the directory and
                # the refs below it are watched.
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
            # Whatever the watch dies of, polling has taken over already: say so and try again.
            self._fails(f"{type(error).__name__}: {error}")
        broken.set()

    async def _until_replaced(self, broken: asyncio.Event) -> None:
        """Break the watch when its directory is another one than at the start, or gone."""
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


class _Either:
    """Is set when one of two events is: what the watch's thread looks at to end."""

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


# A ref is moved by renaming its lock over it, so "added" is what a push looks like: the kind of
# change says nothing. Locks come and go on their own.
def _below_refs(change: Change, path: str) -> bool:
    return not path.endswith(".lock")


def _at_root(change: Change, path: str) -> bool:
    return path.rpartition("/")[2] in _ROOT_NAMES
