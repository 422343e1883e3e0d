"""The task of a server that runs the controller of shifts."""

import asyncio
import contextlib
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from events.clock import utc_now
from events.logged_commits import LoggedCommits
from events.opening import open_for_reading
from events.types import CommitId
from gitmesh.queries.pins import is_over, pinned
from gitmesh.settings import Settings
from gitmesh.shifts.folder import folder_of
from mesh.errors import GitmeshError
from reconciler.git.repository import GitRepository
from reconciler.known_commits import ReadSteps

if TYPE_CHECKING:
    from gitmesh.service.resources.change import ResourceChanges
    from gitmesh.service.shifts.controller import ShiftController
    from gitmesh.service.shifts.status_file import StatusFile

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.2


class ShiftLoop:
    """Looks for shifts, and runs their controller from the first one on."""

    def __init__(
        self,
        repo: Path,
        log: Path,
        settings: Settings,
        logged: LoggedCommits,
        steps: ReadSteps,
        changes: "ResourceChanges | None" = None,
    ) -> None:
        """Run shifts of a repository.

        :param changes: the changes that API and console make, if they are served; they are shared,
            so that all changes have one order.
        """
        self._repo = repo
        self._log = log
        self._settings = settings
        self._logged = logged
        self._steps = steps
        self._changes = changes
        self._stack = ExitStack()
        self._without: CommitId | None = None
        """The newest commit, if it has no shifts."""
        self._controller: ShiftController | None = None
        self._file: StatusFile | None = None

    async def run(self) -> None:
        """Make the steps of all shifts until cancelled."""
        repo = GitRepository.open_later(self._repo)
        told = ""
        with self._stack:
            while True:
                try:
                    await asyncio.to_thread(self._look, repo)
                    told = ""
                except (GitmeshError, OSError) as error:
                    if str(error) != told:  # the reconciler says so, too
                        told = str(error)
                        _log.debug("cannot look at shifts: %s", error)
                await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, repo: GitRepository) -> None:
        if self._controller is None and self._has_shifts(repo):
            self._controller = self._made()
        if self._controller is not None and self._file is not None:
            self._file.write(self._controller.look())

    def _has_shifts(self, repo: GitRepository) -> bool:
        """Return whether the branch's newest commit has a folder of shifts."""
        tip = repo.tip(self._settings.branch or None)
        if tip == self._without:
            return False
        found = folder_of(repo, repo.tree_of(tip)) is not None
        self._without = None if found else tip
        return found

    def _made(self) -> "ShiftController":
        """Make the controller; what it needs is loaded and opened only now."""
        from gitmesh.service.served import COMMITTER, open_changes
        from gitmesh.service.shifts.controller import ShiftController
        from gitmesh.service.shifts.reported_traffic import ReportedTraffic
        from gitmesh.service.shifts.status_file import StatusFile

        reading = self._stack.enter_context(open_for_reading(self._log))

        def pin() -> str:
            found = pinned(reading)
            return "" if found is None or is_over(found, utc_now()) else found.reason

        changes = self._changes
        if changes is None:
            changes = self._stack.enter_context(
                open_changes(self._repo, self._log, self._settings, self._logged, self._steps)
            )
            with contextlib.suppress(GitmeshError, OSError):  # whoever writes says so, too
                changes.recover(COMMITTER)
        branch = self._settings.branch or None
        self._file = StatusFile(self._log)
        return ShiftController(self._repo, branch, changes, ReportedTraffic(self._log), pin)
