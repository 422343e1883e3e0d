"""The reconcile loop: on each wake-up, log new commits and publish the mesh at the tip."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, TypeVar

from events.clock import utc_now
from events.latest import Latest
from events.logged_commits import LoggedCommits
from events.publication import Publication
from events.store import EventStore
from events.types import DeliveryEvent, SourceDegraded
from mesh.errors import Retryable
from reconciler.attempt import Attempts
from reconciler.follower import Follower
from reconciler.git.repository import GitRepository
from reconciler.health import Health, newest_time, obstacle, reasons_left
from reconciler.known_commits import ReadSteps
from reconciler.reading.reader import Progress
from reconciler.watch import wakeups

T = TypeVar("T")

_log = logging.getLogger(__name__)

SERVING_WITHIN_S: Final = 5.0
"""Maximum time for which a starting server waits until it answers proxies, before it reads the
branch."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Intervals of the loop."""

    poll_s: float = 1.0
    """The branch is checked at least this often, even without a wake-up."""
    publish_s: float = 1.0
    """While pushes never end, a mesh is published at least this often."""


@dataclass(frozen=True, slots=True)
class Startup:
    """Signals between the parts of a server during its start."""

    serving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when proxies are answered."""
    followed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the branch was read for the first time, or the attempt failed."""

    async def until_serving(self) -> None:
        """Wait until proxies are answered, for a few seconds at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SERVING_WITHIN_S):
                await self.serving.wait()


async def reconcile(
    repo: GitRepository,
    log: EventStore,
    latest: Latest[Publication],
    *,
    branch: str | None = None,
    pace: Pace = Pace(),
    progress: Progress | None = None,
    attempts: Attempts | None = None,
    startup: Startup | None = None,
    steps: ReadSteps | None = None,
    logged: LoggedCommits | None = None,
) -> None:
    """Follow the branch until cancelled; the only writer of the mesh chain.

    The last mesh in the log is published before any commit is read, because reading a commit may
    end the process. Every commit is logged, only the mesh at the branch's tip is published. While
    the branch cannot be followed, the mesh in the log is still served. When the function returns,
    its thread has ended, too.

    :param branch: the branch to follow; without one, the branch in the repository's HEAD.
    :param progress: called with the progress of long work, from a worker thread.
    :param attempts: where to record which commit is being read.
    :param steps: trees that other parts of the process have read.
    :param logged: where to announce what is appended to the log.
    :param startup: if given, nothing is read before proxies are served the mesh in the log.
    :raises Fatal: the log is written by another process, or damaged.
    """
    stopping = threading.Event()
    follower = await _in_thread(
        lambda: Follower(
            repo,
            log,
            branch=branch,
            progress=progress,
            stopping=stopping.is_set,
            attempts=attempts,
            steps=steps,
            logged=logged,
        ),
        stopping,
    )
    health = Health(await _in_thread(lambda: reasons_left(log), stopping))
    if follower.state.commit is not None:
        latest.set(Publication(follower.state))
        if startup is not None:
            await startup.until_serving()
    wakes = wakeups(repo.ref_dir, poll_s=pace.poll_s, report=health.watch)
    async with aclosing(wakes):
        async for _ in wakes:
            await _follow(follower, latest, health, pace, stopping)
            health.history(await _in_thread(repo.shown_otherwise, stopping))
            health.clock(await _in_thread(lambda: newest_time(log), stopping), utc_now())
            health.looked()
            if startup is not None:
                startup.followed.set()
            if observed := health.take():
                try:
                    await _in_thread(lambda: log.append_observed(observed), stopping)
                except Retryable:
                    health.keep(observed)
                    _tell(observed)


async def _follow(
    follower: Follower,
    latest: Latest[Publication],
    health: Health,
    pace: Pace,
    stopping: threading.Event,
) -> None:
    """Publish until the branch no longer moves."""
    try:
        while found := await _in_thread(
            lambda: follower.catch_up(within_s=pace.publish_s), stopping
        ):
            latest.set(found)
        if latest.version == 0:
            latest.set(Publication(follower.state))
        await _in_thread(follower.warm, stopping)
        health.source(None)
    except (Retryable, OSError, MemoryError) as error:
        health.source(obstacle(follower.path, error))
        if latest.version == 0:
            latest.set(Publication(follower.state))


def _tell(unheard: Sequence[DeliveryEvent]) -> None:
    """Write a log line for each event that the event log cannot store now."""
    for event in unheard:
        if isinstance(event, SourceDegraded):
            _log.warning(
                "cannot follow the repository: %s", event.message, extra={"reason": event.reason}
            )


async def _in_thread(work: Callable[[], T], stopping: threading.Event) -> T:
    """Run blocking work in a thread; on cancellation, set ``stopping`` and wait for the thread."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stopping.set()
        await asyncio.wait([task])
        # retrieve the error, which no longer matters, so that asyncio does not log it
        task.exception()
        raise
