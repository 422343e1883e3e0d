"""Undo: what would change if a commit were taken back? A preview first, then a commit."""

from dataclasses import dataclass
from enum import StrEnum

from events.types import Chain, CommitId, Seq
from gitmesh.access.visibility import visible_commit
from gitmesh.access.visible_problems import visible_problems
from gitmesh.console import paths
from gitmesh.console.history.entries import Entry, entry_of
from gitmesh.console.shown_changes import Change, changes_of
from gitmesh.console.shown_mesh import visible_difference
from gitmesh.console.visit import Answer, PageError, Redirect, View, Visit
from gitmesh.console.writing import authorship, forbidden, trailers
from gitmesh.queries.blast_radius import BlastRadius
from gitmesh.queries.commits import OF_DELIVERY, LoggedCommit
from gitmesh.queries.requested_commit import RefusedPush, asked_commit
from gitmesh.service.changes.rollback_request import RollbackRequest, RollbackResult, roll_back
from gitmesh.service.history.shown_commit import shown_commit
from gitmesh.service.resources.change import LOGGED_WITHIN_S
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem, errors
from reconciler.git.writing import BranchMoved


class Scope(StrEnum):
    """Extent of an undo."""

    COMMIT = "commit"
    """The resources that the commit changed, to what they were before it; others stay."""
    SINCE = "since"
    """Everything since, to the mesh before the commit."""
    TO = "to"
    """Everything after the commit, to its own mesh."""


@dataclass(frozen=True, slots=True)
class Request:
    """Request to undo a commit."""

    entry: Entry
    scope: Scope
    only: tuple[ResourceKey, ...]
    """The resources to restore; empty for the whole mesh."""
    to: CommitId
    """The commit whose mesh, or whose resources, come back."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Preview of the undoing commit."""

    tip: CommitId
    """The branch's newest commit, on which it would be made."""
    changes: tuple[Change, ...]
    radius: BlastRadius | None
    problems: tuple[Problem, ...]
    """Reasons why the commit cannot be made; empty if it can."""
    reverts: tuple[CommitId, ...]


def undo(visit: Visit) -> Answer:
    """Return the preview; ``?scope=`` and ``?only=`` choose what is taken back."""
    return _page(visit, _request(visit, visit.query.get("scope", ""), visit.query.get("only", "")))


def commit_undo(visit: Visit) -> Answer:
    """Commit what was previewed; show the preview again if the branch has moved meanwhile."""
    request = _request(visit, visit.form.get("scope"), visit.form.get("only"))
    if visit.form.get("tip") != asked_commit(visit.served.log, None, visit.served.repo):
        return _page(visit, request, moved=True)
    try:
        made = _roll_back(visit, request, dry_run=False)
    except BranchMoved:
        return _page(visit, request, moved=True)
    if made.commit is None:
        return _page(visit, request)
    visit.served.changes.is_logged(made.commit, LOGGED_WITHIN_S)
    return Redirect(paths.commit_path(made.commit))


def _request(visit: Visit, scope: str, only: str) -> Request:
    logged = _logged(visit)
    entry = entry_of(logged)
    try:
        wanted = Scope(scope or (Scope.SINCE if _is_newest(visit, logged) else Scope.COMMIT))
        keys = tuple(ResourceKey.parse(name) for name in only.split(" ") if name)
    except (UsageError, ValueError):
        raise PageError(400, visit.words._("The address of this page is damaged.")) from None
    if wanted is Scope.COMMIT and not keys:
        keys = tuple(change.key for change in entry.changes)
    if wanted is Scope.TO:
        return _allowed(visit, Request(entry, wanted, keys, logged.facts.commit))
    before = visit.served.meshes.state(Seq(logged.first - 1)).commit
    if before is None:
        raise PageError(
            409,
            visit.words._("There was no mesh before this commit, so nothing can come back."),
            visit.words._("Delete the resources that it added."),
        )
    return _allowed(visit, Request(entry, wanted, keys, before))


def _logged(visit: Visit) -> LoggedCommit:
    found = shown_commit(visit.served.log, visit.served.repo, visit.name, OF_DELIVERY)
    seen = (
        None if isinstance(found, RefusedPush) else visible_commit(found, visit.caller.permission)
    )
    if seen is None or seen.rejected:
        raise PageError(
            409, visit.words._("This commit changed nothing, so there is nothing to undo.")
        )
    return seen


def _is_newest(visit: Visit, logged: LoggedCommit) -> bool:
    return visit.served.log.newest_commit() == logged.facts.commit


def _allowed(visit: Visit, request: Request) -> Request:
    """Return a request that the visitor may make.

    :raises PageError: they may not.
    """
    permission = visit.caller.permission
    kept = [key for key in request.only if not permission.may_write(key)]
    if kept or not (request.only or permission.writes_all):
        what = str(kept[0]) if kept else visit.words._("everything")
        raise forbidden(visit, what)
    return request


def _page(visit: Visit, request: Request, *, moved: bool = False) -> View:
    found = _preview(visit, request)
    later = _changed_later(visit, request) if request.scope is Scope.COMMIT else ()
    values = {
        "paths": paths,
        "request": request,
        "entry": request.entry,
        "preview": found,
        "later": later,
        "moved": moved,
        "may_all": visit.caller.permission.writes_all,
        "is_newest": _is_newest(visit, request.entry.logged),
        "reason": visit.form.get("reason"),
    }
    return View("history/undo.html", values, 409 if moved else 422 if found.problems else 200)


def _preview(visit: Visit, request: Request) -> Preview:
    made = _roll_back(visit, request, dry_run=True)
    planned, permission = made.rollback.planned, visit.caller.permission
    if made.difference is None:
        seen = visible_problems(planned.after.problems, planned.after.files, permission)
        return Preview(planned.tip, (), None, tuple(errors(seen.shown)), ())
    found = visible_difference(visit, planned.before, planned.after.graph)
    reverts = made.rollback.undone
    return Preview(planned.tip, changes_of(found.changes), found.radius, (), reverts)


def _roll_back(visit: Visit, request: Request, *, dry_run: bool) -> RollbackResult:
    served = visit.served
    asked = RollbackRequest(
        request.to,
        authorship(visit),
        served.branch,
        tuple(map(str, request.only)),
        " ".join(visit.form.get("reason").split())[:500],
        dry_run,
        trailers=trailers(visit),
    )
    return roll_back(served.repo, served.log_path, asked, served.changes.present().tree)


def _changed_later(visit: Visit, request: Request) -> tuple[ResourceKey, ...]:
    """Return the resources that later commits changed again: that would be taken back, too."""
    logged, log = request.entry.logged, visit.served.log
    last, head = logged.first + len(logged.records) - 1, log.head(Chain.MESH).seq
    newest = ((key, next(iter(log.versions(key, head)), None)) for key in request.only)
    return tuple(key for key, found in newest if found is not None and found.since > last)
