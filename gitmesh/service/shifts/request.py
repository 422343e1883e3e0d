"""Use cases of ``gitmesh shift``: each change is a commit, made without a server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from events.types import CommitId
from gitmesh.service.changes.planned_commit import Authorship, commit
from gitmesh.service.changes.resource_change import Wanted, change_resources
from gitmesh.service.shifts.branch import ShiftBranch
from gitmesh.service.shifts.commits import edited, undone, wanted
from gitmesh.shifts.decision import Action, Do, finished
from gitmesh.shifts.folder import FOLDER
from gitmesh.shifts.message import message
from gitmesh.shifts.progress import SHIFT, START, Progress
from gitmesh.shifts.reading import NAME, Shift, path_of, read_shift, shift_problems
from gitmesh.shifts.weights import steps_of
from mesh.errors import UsageError
from mesh.problems.problem import Problem


@dataclass(frozen=True, slots=True)
class ShiftChange:
    """Result of a request to change a shift."""

    name: str
    commit: CommitId | None
    """``None`` if nothing was to be changed, or there are problems."""
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class ShiftRequests:
    """Requests about the shifts on one branch."""

    repo: Path
    branch: str | None
    who: Authorship

    def start(self, name: str, text: str) -> ShiftChange:
        """Commit the document of a new shift, or of one that has ended.

        :raises UsageError: the name cannot be one, or a shift of this name is not over.
        :raises BranchMoved: somebody pushed at the same time; nothing was changed.
        """
        if NAME.fullmatch(name) is None:
            hint = "letters, digits, dots and dashes, beginning with a letter or a digit"
            raise UsageError(f"{name!r} cannot be the name of a shift", hint=hint)
        branch = ShiftBranch(self.repo, self.branch)
        tip = branch.tip()
        known = tip.shifts.shifts.get(name)
        if known is not None and not _is_over(branch, known):
            hint = f"end it first: gitmesh shift abort {name}"
            raise UsageError(f"shift {name} is not over", hint=hint)
        found = read_shift(path_of(name), text.encode())
        problems = (
            shift_problems(found, branch.graph(tip.commit)) if isinstance(found, Shift) else found
        )
        if not isinstance(found, Shift) or problems:
            return ShiftChange(name, None, problems)
        spec = found.document.spec
        place = found.document.route_name or "all routes"
        subject = f"Start shift {name}: {spec.from_} to {spec.to}"
        body = f"{found.document.virtual_router_name}, {place}: {len(steps_of(spec))} steps"
        words = f"{subject[:72]}\n\n{body}\n\n{START}: {name}\n"
        files = {path_of(name).encode(): text.encode()}
        return self._commit(branch, name, Wanted(files=files), words)

    def hold(self, name: str, reason: str) -> ShiftChange:
        """Make no further step until the shift is resumed.

        :raises UsageError: there is no such shift, or it has ended.
        :raises BranchMoved: somebody pushed at the same time; nothing was changed.
        """
        return self._edit(name, {"hold": reason[:512]}, f"Hold shift {name}", reason)

    def resume(self, name: str, reason: str = "") -> ShiftChange:
        """Make steps again. Raises as :meth:`hold`."""
        return self._edit(name, {"hold": None}, f"Resume shift {name}", reason)

    def promote(self, name: str, reason: str = "") -> ShiftChange:
        """Give all traffic to the canary at once, and end the shift. Raises as :meth:`hold`."""
        return self._end(name, Do.PROMOTE, reason or "promoted by a person")

    def abort(self, name: str, reason: str = "") -> ShiftChange:
        """Restore the weights of the start at once, and end the shift. Raises as :meth:`hold`."""
        return self._end(name, Do.ABORT, reason or "aborted by a person")

    def _edit(
        self, name: str, fields: Mapping[str, str | None], subject: str, reason: str
    ) -> ShiftChange:
        branch = ShiftBranch(self.repo, self.branch)
        shift, _ = running(branch, name)
        files = {path_of(name).encode(): edited(branch, shift, fields)}
        parts = [subject[:72], " ".join(reason.split()), f"{SHIFT}: {name}"]
        words = "\n\n".join(filter(None, parts)) + "\n"
        return self._commit(branch, name, Wanted(files=files), words)

    def _end(self, name: str, do: Do, reason: str) -> ShiftChange:
        branch = ShiftBranch(self.repo, self.branch)
        shift, progress = running(branch, name)
        action = Action(do, reason, len(steps_of(shift.document.spec)), 100)
        plan = wanted(branch, branch.tip(), shift, action, branch.graph(progress.origin))
        reverted = undone(branch, shift, action, progress.origin)
        return self._commit(branch, name, plan, message(shift, action, progress, undone=reverted))

    def _commit(self, branch: ShiftBranch, name: str, plan: Wanted, words: str) -> ShiftChange:
        tip = branch.tip().commit
        planned = change_resources(branch.repo, tip, plan.specs, files=plan.files)
        if planned.errors:
            return ShiftChange(name, None, planned.errors)
        if planned.unchanged:
            return ShiftChange(name, None)
        made = commit(branch.repo, self.branch, planned, words, self.who, command="gitmesh shift")
        return ShiftChange(name, made)


def running(branch: ShiftBranch, name: str) -> tuple[Shift, Progress]:
    """Return a shift that has not ended.

    :raises UsageError: there is no such shift, or it has ended.
    """
    shift = named(branch, name)
    progress = branch.progress(shift)
    if progress is None or _is_over(branch, shift):
        raise UsageError(f"shift {name} has ended", hint=f"see how: gitmesh shift status {name}")
    return shift, progress


def named(branch: ShiftBranch, name: str) -> Shift:
    """Return a shift of the branch.

    :raises UsageError: there is no such shift, or its document has problems.
    """
    shifts = branch.tip().shifts
    if (found := shifts.shifts.get(name)) is not None:
        return found
    broken = next((each for each in shifts.problems if each.path == path_of(name)), None)
    if broken is not None:
        raise UsageError(f"shift {name} cannot be read: {broken}", hint="correct its document")
    known = ", ".join(sorted(shifts.shifts)) or "none"
    raise UsageError(
        f"there is no shift {name} in {FOLDER}", hint=f"there are: {known}; gitmesh shift start"
    )


def _is_over(branch: ShiftBranch, shift: Shift) -> bool:
    progress = branch.progress(shift)
    return progress is not None and finished(shift.document, progress) is not None
