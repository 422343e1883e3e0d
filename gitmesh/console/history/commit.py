"""Commit: what did it do, and who has it?"""

from collections import Counter
from dataclasses import dataclass

from events.encoding.codec import decode
from events.types import CommitId, ProxyState, PushReceived
from gitmesh.access.visibility import visible_commit
from gitmesh.console import paths
from gitmesh.console.history.commit_traffic import compared_targets, is_significant
from gitmesh.console.history.entries import Entry, entry_of, sentences
from gitmesh.console.history.moments import difference_of
from gitmesh.console.states import verdict_state
from gitmesh.console.visit import Answer, PageError, View, Visit
from gitmesh.queries.commit_status import CommitStatus, Verdict, commit_status
from gitmesh.queries.commits import OF_DELIVERY, LoggedCommit
from gitmesh.queries.refusal_locations import hint
from gitmesh.queries.requested_commit import RefusedPush, asked_commit
from gitmesh.service.history.shown_commit import shown_commit
from mesh.errors import UsageError


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivery of a commit: its status and the states of the proxies."""

    status: CommitStatus
    states: Counter[ProxyState]
    """Proxies of all nodes by state, if it is the commit that is served."""

    @property
    def is_final(self) -> bool:
        """True if it changes only by what others do."""
        return self.status.verdict is not Verdict.PENDING or self.status.waits

    @property
    def in_sync(self) -> int:
        """Number of proxies that have it."""
        return self.states[ProxyState.IN_SYNC]

    @property
    def proxies(self) -> int:
        """Number of proxies that are to have it."""
        return self.states.total() - self.states[ProxyState.NODE_REMOVED]


def commit(visit: Visit) -> Answer:
    """Return everything about a commit: its changes, its delivery, and ways back."""
    found = _found(visit)
    if found is None:
        return View("history/awaited.html", {"name": visit.name, "paths": paths})
    if isinstance(found, RefusedPush):
        return View(
            "history/refused_push.html",
            {"found": found, "said": sentences(found.record, visit.words)[0]},
        )
    entry = entry_of(found)
    return View("history/commit.html", {**_delivered(visit, found), **_told(visit, entry)})


def delivery(visit: Visit) -> Answer:
    """Return the part of the page that follows a commit's delivery."""
    found = _found(visit)
    if found is None or isinstance(found, RefusedPush):
        raise PageError(404, visit.words._("The log does not have this commit."))
    return View("history/delivery.html", _delivered(visit, found))


def _found(visit: Visit) -> LoggedCommit | RefusedPush | None:
    """Return what the log knows; ``None`` for a commit of the branch that is not logged yet."""
    served, permission = visit.served, visit.caller.permission
    try:
        found = shown_commit(served.log, served.repo, visit.name, OF_DELIVERY)
    except UsageError as error:
        if visit.name == asked_commit(served.log, None, served.repo):
            return None
        raise PageError(404, error.message, error.hint) from None
    if isinstance(found, RefusedPush):
        if not permission.reads_all:
            raise PageError(404, visit.words._("The log does not have this commit."))
        return found
    seen = visible_commit(found, permission)
    if seen is None:
        raise PageError(404, visit.words._("The log does not have this commit."))
    return seen


def _delivered(visit: Visit, found: LoggedCommit) -> dict[str, object]:
    log, repo = visit.served.log, visit.served.repo
    values: dict[str, object] = {"paths": paths, "commit": found.facts.commit, "delivery": None}
    if not visit.caller.permission.reads_all:
        return values
    status = commit_status(log, found.facts.commit, repo)
    states = sum((node.states for node in status.nodes), Counter[ProxyState]())
    shown = Delivery(status, states)
    refusals = [
        (node.node, refused.event, refused.locations, hint(refused.event, visit.words))
        for node in status.nodes
        for refused in node.refusals
    ]
    return values | {
        "delivery": shown,
        "state": verdict_state(status),
        "refusals": refusals,
        "effect": entry_of(found).effect,
    }


def _told(visit: Visit, entry: Entry) -> dict[str, object]:
    found = entry.logged
    pushes = [each for each in found.delivery if isinstance(decode(each), PushReceived)]
    radius = None if found.rejected else difference_of(visit, found).radius
    may_undo = visit.caller.permission.may_write_something() and not found.rejected
    return {
        "entry": entry,
        "targets": () if found.rejected else compared_targets(visit, found.facts.commit),
        "is_significant": is_significant,
        "facts": found.facts,
        "radius": radius,
        "pushes": [(each, sentences(each, visit.words)[0]) for each in pushes],
        "parent": _parent(found),
        "may_undo": may_undo and bool(entry.changes),
        "may_pin": visit.caller.permission.writes_all and not found.rejected,
        "before": str(found.first - 1) if entry.changes and found.first > 1 else "",
        "position": found.first + len(found.records) - 1,
    }


def _parent(found: LoggedCommit) -> CommitId | None:
    return next(iter(found.facts.parents), None)
