"""State: what was the mesh at a moment?"""

from dataclasses import dataclass
from itertools import groupby

from events.types import Chain, Seq
from gitmesh.access.visibility import visible_state
from gitmesh.console import paths
from gitmesh.console.shown_mesh import shown_state
from gitmesh.console.visit import Answer, PageError, View, Visit
from gitmesh.queries.commits import OF_DELIVERY, LoggedCommit, logged_commit
from gitmesh.rendering.commit_lines import subject_of
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey


@dataclass(frozen=True, slots=True)
class Group:
    """The resources of one kind in one mesh."""

    mesh: str
    kind: Kind
    keys: tuple[ResourceKey, ...]


def state(visit: Visit) -> Answer:
    """Return the mesh at the moment ``?at=``; now without one."""
    log = visit.served.log
    head = log.head(Chain.MESH).seq
    asked = visit.at
    try:
        found = shown_state(visit, asked)
    except UsageError as error:
        raise PageError(400, error.message, error.hint) from None
    seen = visible_state(found.state, visit.caller.permission)
    reads_all = visit.caller.permission.reads_all
    at = found.state.seq
    commit = _commit(visit, at) if reads_all else None
    values = {
        "paths": paths,
        "groups": _groups(sorted(seen.resources)),
        "count": len(seen.resources),
        "seq": at,
        "head": head,
        "asked": asked or "",
        "commit": commit,
        "subject": "" if commit is None else subject_of(commit),
        "pin": found.pin if reads_all else None,
        "never_served": found.instead is not None,
        "moment": str(at),
    }
    return View("history/state.html", values)


def _commit(visit: Visit, seq: Seq) -> LoggedCommit | None:
    try:
        return logged_commit(visit.served.log, seq, OF_DELIVERY) if seq else None
    except UsageError:
        return None  # an event that belongs to no commit, such as a rewritten history


def _groups(keys: list[ResourceKey]) -> list[Group]:
    order = list(Kind)
    ordered = sorted(keys, key=lambda key: (key.mesh, order.index(key.kind), key))
    return [
        Group(mesh, kind, tuple(found))
        for (mesh, kind), found in groupby(ordered, key=lambda key: (key.mesh, key.kind))
    ]
