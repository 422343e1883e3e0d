"""The server: reconciler and xDS side by side in one process, which lives and dies as a whole."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from events.latest import Latest
from events.publication import Publication
from events.store import EventLog
from gitmesh.chronicle import chronicle
from gitmesh.places import log_path
from gitmesh.settings import Settings
from mesh.errors import Fatal, GitmeshError
from reconciler.loop import Pace, reconcile
from reconciler.reader import Progress
from reconciler.repo import GitRepository
from xds.cache import SnapshotCache
from xds.recorder import Recorder
from xds.server import AdsSettings, serve_ads

_log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A server that serves."""

    listen: str
    commit: str | None


def serve(path: Path, settings: Settings, ready: Callable[[Ready], None] = lambda _: None) -> None:
    """Serve a repository until SIGTERM or SIGINT; then end streams and log in order and return.

    Calls ``ready`` once proxies are answered.

    :raises GitmeshError: a part of the server cannot do its work; the others have been ended.
    """
    where = log_path(path, settings.log)
    repo = GitRepository.open(path)
    with contextlib.closing(EventLog.open(where)) as log:
        _log.info("event log open", extra={"path": str(where)})
        with _one_error():
            asyncio.run(_until_signal(_serve(repo, log, settings, ready)))
    _log.info("stopped")


async def _serve(
    repo: GitRepository, log: EventLog, settings: Settings, ready: Callable[[Ready], None]
) -> None:
    latest = Latest[Publication]()
    listening = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            _for_ever(
                "the reconciler",
                reconcile(
                    repo,
                    log,
                    latest,
                    branch=settings.branch or None,
                    pace=Pace(poll_s=settings.poll_s),
                    progress=_progress(),
                ),
            )
        )
        tasks.create_task(
            _for_ever(
                "the xDS server",
                serve_ads(
                    settings.listen,
                    SnapshotCache(),
                    latest,
                    Recorder(log.append_observed),
                    settings=AdsSettings(plain_text_anywhere=settings.insecure_listen),
                    started=lambda port: listening.set(),
                ),
            )
        )
        tasks.create_task(_for_ever("the chronicle", chronicle(log)))
        await listening.wait()
        publication, _ = await latest.after(0)
        ready(Ready(settings.listen, publication.state.commit))


async def _for_ever(name: str, work: Awaitable[None]) -> None:
    """Run what must never end by itself; if it does, the process must end too."""
    await work
    raise Fatal(f"{name} has ended, which it never should")


async def _until_signal(work: Awaitable[None]) -> None:
    """Run until done, or until a signal asks to stop; stopping so is no error."""
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
def _one_error() -> Iterator[None]:
    """Raise the error of the part that failed, not the group it comes in."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise _cause(group) from group


def _cause(group: "BaseExceptionGroup[BaseException]") -> BaseException:
    ours = group.subgroup(GitmeshError)
    chosen: BaseException = ours if ours is not None else group
    while isinstance(chosen, BaseExceptionGroup):
        chosen = chosen.exceptions[0]
    return chosen


def _progress() -> Progress:
    """Return what tells of long work, once a second. It is called from a worker thread."""
    told = time.monotonic()

    def tell(what: str, done: int, whole: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_EVERY_S:
            told = time.monotonic()
            _log.info(what, extra={"done": done, "of": whole, "percent": 100 * done // whole})

    return tell
