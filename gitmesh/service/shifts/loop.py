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
from gitmesh.queries.pins import is_over, pinned
from gitmesh.service.shifts.branch import ShiftBranch
from gitmesh.service.shifts.status_file import StatusFile
from gitmesh.settings import Settings
from gitmesh.shifts.evidence import Evidence
from mesh.errors import GitmeshError
from reconciler.known_commits import ReadSteps

if TYPE_CHECKING:
    from gitmesh.service.resources.change import ResourceChanges
    from gitmesh.service.shifts.controller import ShiftController

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
        evidence: Evidence | None = None,
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
        self._evidence = evidence
        self._stack = ExitStack()
        self._file = StatusFile(log)
        self._controller: ShiftController | None = None

    async def run(self) -> None:
        """Make the steps of all shifts until cancelled."""
        branch = ShiftBranch(self._repo, self._settings.branch or None)
        told = ""
        with self._stack:
            while True:
                try:
                    await asyncio.to_thread(self._look, branch)
                    told = ""
                except (GitmeshError, OSError) as error:
                    if str(error) != told:  # the reconciler says so, too
                        told = str(error)
                        _log.debug("cannot look at shifts: %s", error)
                await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, branch: ShiftBranch) -> None:
        if self._controller is None:
            if not branch.tip().shifts.shifts and not branch.tip().shifts.problems:
                return
            self._controller = self._made()
        self._file.write(self._controller.look())

    def _made(self) -> "ShiftController":
        """Make the controller; what it needs is loaded and opened only now."""
        from gitmesh.service.served import COMMITTER, open_changes
        from gitmesh.service.shifts.controller import ShiftController

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
        return ShiftController(self._repo, branch, changes, self._evidence, pin)
