"""Pin: serve a fixed commit for a time, whatever the branch says. Break glass."""

from dataclasses import dataclass
from typing import Final

from events.types import CommitId, ServingPinned
from gitmesh.access.permission import Permission
from gitmesh.console import paths
from gitmesh.console.history.entries import Entry, entry_of
from gitmesh.console.shown_changes import Change, changes_of
from gitmesh.console.shown_mesh import visible_difference
from gitmesh.console.visit import Answer, Redirect, View, Visit
from gitmesh.console.web.localisation import mark
from gitmesh.queries.blast_radius import BlastRadius
from gitmesh.queries.commits import OF_DELIVERY, logged_commit
from gitmesh.queries.pins import pinnable, pinned
from gitmesh.queries.requested_moment import asked_seq
from gitmesh.service.delivery.pin_request import length_of, pin, unpin
from gitmesh.service.history.commit_history import logged_commits
from gitmesh.service.history.event_selection import EventSelection
from mesh.errors import UsageError

LENGTHS: Final = {
    "15m": mark("15 minutes"),
    "1h": mark("1 hour"),
    "4h": mark("4 hours"),
    "1d": mark("1 day"),
    "7d": mark("7 days"),
}
_CHOICES: Final = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """Preview of the mesh that proxies would get."""

    commit: CommitId
    changes: tuple[Change, ...]
    radius: BlastRadius


def may_pin(permission: Permission) -> bool:
    """Tell whether a visitor may choose what is served to everybody."""
    return permission.writes_all


def pin_page(visit: Visit) -> Answer:
    """Return the form that pins a commit, or ends the pin, with what that would change."""
    return _page(visit, visit.query.get("commit", ""))


def set_pin(visit: Visit) -> Answer:
    """Pin a commit, with a reason and for a time."""
    served, form = visit.served, visit.form
    try:
        length = length_of(form.get("for", "1h"))
        pin(
            served.log_path,
            served.repo,
            form.get("commit"),
            reason=form.get("reason"),
            length=length,
            by=visit.caller.mailbox,
        )
    except UsageError as error:
        return _page(visit, form.get("commit"), error)
    return Redirect("/pin")


def end_pin(visit: Visit) -> Answer:
    """Serve the branch again."""
    unpin(visit.served.log_path, reason=visit.form.get("reason"), by=visit.caller.mailbox)
    return Redirect("/")


def _page(visit: Visit, commit: str, error: UsageError | None = None) -> View:
    log = visit.served.log
    held = pinned(log)
    values = {
        "paths": paths,
        "pin": held,
        "commit": commit,
        "choices": _choices(visit),
        "lengths": LENGTHS,
        "length": visit.form.get("for", "1h"),
        "reason": visit.form.get("reason"),
        "error": error,
        "preview": None,
        "release": _release(visit, held),
    }
    try:
        values["preview"] = _preview(visit, commit) if commit else None
    except UsageError as wrong:
        values["error"] = error or wrong
    return View("fleet/pin.html", values, 400 if values["error"] else 200)


def _choices(visit: Visit) -> list[Entry]:
    """Return the newest commits that can be pinned, newest first."""
    log = visit.served.log
    query = EventSelection(kinds=("CommitApplied",)).query(log, visit.served.repo)
    found = list(logged_commits(log, query, _CHOICES, OF_DELIVERY))
    return [entry_of(each) for each in reversed(found[-_CHOICES:])]


def _preview(visit: Visit, moment: str) -> Preview:
    log = visit.served.log
    commit = logged_commit(log, asked_seq(log, moment, visit.served.repo), OF_DELIVERY).facts.commit
    seq = pinnable(log, commit)
    held = pinned(log)
    meshes = visit.served.meshes
    now = meshes.graph(None if held is None else held.mesh_seq)
    found = visible_difference(visit, now, meshes.graph(seq))
    return Preview(commit, changes_of(found.changes), found.radius)


def _release(visit: Visit, held: ServingPinned | None) -> Preview | None:
    """Return what the end of the pin would change."""
    log = visit.served.log
    newest = log.served_commit()
    if held is None or newest is None:
        return None
    meshes = visit.served.meshes
    found = visible_difference(visit, meshes.graph(held.mesh_seq), meshes.graph())
    return Preview(newest, changes_of(found.changes), found.radius)
