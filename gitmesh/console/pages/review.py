"""Review of a proposal, and its commit: nothing changes without having been shown."""

from collections.abc import Mapping
from urllib.parse import urlencode

from gitmesh.console import paths
from gitmesh.console.editing.proposal import Proposal, proposal_fields, read_proposal
from gitmesh.console.editing.rebase import Rebased, rebased
from gitmesh.console.editing.review import readable as with_texts
from gitmesh.console.editing.review import review_of
from gitmesh.console.paths import commit_path, created_path
from gitmesh.console.shown_mesh import Relations
from gitmesh.console.visit import Answer, PageError, Redirect, View, Visit
from gitmesh.console.web.origin import MOST_PATH, local_path
from gitmesh.console.writing import authorship, commit_message, typed_message, writable
from gitmesh.service.changes.resource_change import Mesh, Wanted
from gitmesh.service.resources.change import InvalidChange
from gitmesh.service.resources.group_commit import Change
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.resource import spec_json


class _Moved(Exception):
    """Somebody changed one of the resources while the commit was made."""


def review(visit: Visit) -> Answer:
    """Return the review of a proposal, merged with what others changed meanwhile."""
    return reviewed(visit, _sent(visit), dict(visit.form.fields))


def reviewed(
    visit: Visit,
    proposal: Proposal,
    picks: Mapping[str, str] | None = None,
    status: int = 200,
    around: Relations | None = None,
) -> View:
    """Return the review page; where both sides changed one part, the page that asks.

    :param around: what refers to a resource that is to be removed.
    """
    found = rebased(visit.served.changes, proposal, picks)
    if found.asked:
        return _ask(visit, proposal, found)
    return _reviewed(visit, found, status, around)


def commit_changes(visit: Visit) -> Answer:
    """Make the commit that was reviewed; show it again if it is not the same any more."""
    proposal = _sent(visit)
    found = rebased(visit.served.changes, proposal)
    if found.asked:
        return _ask(visit, proposal, found)
    if found.has_moved:
        return _reviewed(visit, found, 409)
    seen = _specs(visit, proposal)
    wanted = with_texts(found.proposal).wanted()

    def still(now: Mesh) -> Wanted:
        for key, spec in seen.items():
            present = now.graph.get(key)
            if (None if present is None else spec_json(present.spec)) != spec:
                raise _Moved
        return wanted

    message = commit_message(visit, visit.form.get("message") or proposal.subject, proposal.keys)
    try:
        made = visit.served.changes.make(
            Change(still, message, authorship(visit), command="gitmesh console")
        )
    except (_Moved, InvalidChange):
        return reviewed(visit, proposal, status=409)
    if made is None:
        return Redirect(local_path(proposal.back))
    return Redirect(created_path(made, proposal.new) if proposal.new else commit_path(made))


def keep_editing(visit: Visit) -> Answer:
    """Return to the page where the changes were made, with the message that was typed."""
    proposal, said = _sent(visit), visit.form.get("message").replace("\r\n", "\n").strip()
    if not said or said == proposal.subject:
        return Redirect(proposal.back)
    sign = "&" if "?" in proposal.back else "?"
    path = f"{proposal.back}{sign}{urlencode({'message': said})}"
    return Redirect(path if len(path) <= MOST_PATH else proposal.back)


def _sent(visit: Visit) -> Proposal:
    try:
        proposal = read_proposal(visit.form.fields, visit.words)
    except UsageError as error:
        raise PageError(400, error.message, error.hint) from None
    for key in proposal.keys:
        writable(visit, str(key))
    return proposal


def _specs(visit: Visit, proposal: Proposal) -> dict[ResourceKey, JsonObject | None]:
    """Return the present spec of each resource, which the reviewed change was made on."""
    graph = visit.served.changes.present().graph
    found = {key: graph.get(key) for key in proposal.keys}
    return {key: None if each is None else spec_json(each.spec) for key, each in found.items()}


def _ask(visit: Visit, proposal: Proposal, found: Rebased) -> View:
    fields = [*proposal_fields(proposal), ("message", visit.form.get("message"))]
    values = {
        "found": found,
        "fields": [(name, text) for name, text in fields if text],
        "back": local_path(proposal.back),
    }
    return View("merge.html", values, 409)


def _reviewed(visit: Visit, found: Rebased, status: int, around: Relations | None = None) -> View:
    refusal, shown = None, None
    try:
        shown = review_of(visit, found.proposal)
        status = status if shown.is_valid else 422
    except UsageError as error:
        refusal = error
    values = {
        "paths": paths,
        "found": found,
        "around": around,
        "review": shown,
        "refusal": refusal,
        "fields": list(proposal_fields(found.proposal)),
        "back": local_path(found.proposal.back),
        "message": typed_message(visit) or found.proposal.subject,
        "text": found.proposal.changes[0].text,
    }
    return View("review.html", values, status)
