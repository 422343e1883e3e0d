"""Data of a server for its interfaces: one log, one branch of a repository, and its changes."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.logged_commits import LoggedCommits
from events.opening import open_for_reading
from events.store import EventReader
from gitmesh.access.recent_signatures import RecentSignatures
from gitmesh.service.history.recent_meshes import RecentMeshes
from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.resources.listing import Listing
from gitmesh.service.resources.tags import ServedTags
from gitmesh.settings import Settings
from mesh.errors import GitmeshError
from reconciler.git.writing import Person
from reconciler.known_commits import ReadSteps

_log = logging.getLogger(__name__)

COMMITTER: Final = Person("gitmesh", "gitmesh@localhost")
"""Committer of the commits that the server makes; their author is the caller or the visitor."""
DEFAULT_XDS: Final = "127.0.0.1:18000"
"""The address that a bootstrap file has unless another one is given."""


@dataclass(frozen=True, slots=True)
class Served:
    """Sources of all answers: one log and one branch of a repository."""

    log: EventReader
    log_path: Path
    repo: Path
    branch: str | None
    changes: ResourceChanges
    committer: Person
    listing: Listing
    signatures: RecentSignatures
    """Signatures of recent changes: a replayed request is refused."""
    tags: ServedTags
    meshes: RecentMeshes
    """Meshes of earlier moments."""
    xds: str = DEFAULT_XDS
    """The address that proxies connect to."""


@contextmanager
def open_changes(
    repo: Path, log: Path, settings: Settings, logged: LoggedCommits, steps: ReadSteps
) -> Iterator[ResourceChanges]:
    """Open the changes of one server. API and console share them: their changes have one order.

    :param logged: announces what is appended to the log.
    :param steps: where to leave what was read of the commits that are made.
    """
    with open_for_reading(log) as reading:
        yield ResourceChanges(repo, settings.branch or None, reading, logged, steps=steps)


async def remove_lock(changes: ResourceChanges) -> None:
    """Remove the branch lock of a server that was killed, so that the branch can be moved again.

    It takes a second to see that a lock is dead; changes wait for it.
    """
    with contextlib.suppress(GitmeshError, OSError):  # whoever writes says so, too
        if (lock := await asyncio.to_thread(changes.recover, COMMITTER)) is not None:
            _log.warning("removed the lock of a server that was killed", extra={"path": str(lock)})


@contextmanager
def open_served(
    repo: Path, log: Path, settings: Settings, changes: ResourceChanges
) -> Iterator[Served]:
    """Open the sources of one interface's answers.

    API and console read the log by a connection each, so that a long page delays no call.
    """
    with open_for_reading(log) as reading:
        yield Served(
            log=reading,
            log_path=log,
            repo=repo,
            branch=settings.branch or None,
            changes=changes,
            committer=COMMITTER,
            listing=Listing(reading),
            signatures=RecentSignatures(reading),
            tags=ServedTags(repo, reading, lambda: changes.known),
            meshes=RecentMeshes(reading),
            xds=settings.listen,
        )
