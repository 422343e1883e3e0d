"""Edit a resource: as a form or as text, each of which is the other."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gitmesh.console import paths
from gitmesh.console.editing.edited import YAML, Editing, continued, started
from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.console.editing.review import Review, review_of
from gitmesh.console.forms.parts import FilledForm, filled_form
from gitmesh.console.pages.review import reviewed
from gitmesh.console.paths import edit_path, new_resource_path, resource_path
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.console.writing import typed_message, writable
from gitmesh.service.changes.resource_change import new_path
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem

_TRIED: Final = "review"


def edit(visit: Visit) -> Answer:
    """Return the page that edits a resource, with its problems once something was changed."""
    key = writable(visit, visit.name)
    editing = _opened(visit, key)
    if not visit.form.fields:
        mode = YAML if visit.query.get("as") == YAML else editing.mode
        return _page(visit, replace(editing, mode=mode), None)
    editing = continued(editing, visit.form)
    proposal = _proposal(visit, editing)
    try:
        review = review_of(visit, proposal)
    except UsageError as error:
        return _page(visit, editing, None, refusal=error, status=422)
    tried = visit.form.get("do") == _TRIED
    if tried and review.is_valid and not review.is_nothing:
        return reviewed(visit, proposal)
    return _page(visit, editing, review, status=422 if tried and not review.is_valid else 200)


def _opened(visit: Visit, key: ResourceKey) -> Editing:
    changes = visit.served.changes
    written = changes.written(key)
    tip = changes.tip() if written is None else written.commit
    path = "" if written is not None else new_path(key, changes.present().tree)
    return started(key, written, tip, path)


def _proposal(visit: Visit, editing: Editing) -> Proposal:
    words = visit.words
    subject = words._("Change {name}").format(name=editing.key)
    back = edit_path(editing.key)
    change = ProposedChange(editing.key, text=editing.text)
    spec = (editing.document or {}).get("spec")
    if editing.is_manifest and isinstance(spec, dict):
        change = ProposedChange(editing.key, spec=spec)
    return Proposal((change,), editing.base, subject, back)


def _page(
    visit: Visit,
    editing: Editing,
    review: Review | None,
    *,
    refusal: UsageError | None = None,
    status: int = 200,
) -> View:
    key, is_new = editing.key, visit.served.changes.written(editing.key) is None
    mine, others = ((), ()) if review is None else review.problems_of(editing.key)
    values = {
        "paths": paths,
        "key": key,
        "editing": editing,
        "filled": _filled(editing, mine),
        "mine": mine,
        "others": others,
        "review": review,
        "refusal": refusal,
        "is_new": is_new,
        "back": new_resource_path(key.kind, key.mesh, key.parent) if is_new else resource_path(key),
        "message": typed_message(visit),
    }
    template = "edit_live.html" if visit.form.get("do") == "check" else "edit.html"
    return View(template, values, status)


def _filled(editing: Editing, problems: Iterable[Problem]) -> FilledForm | None:
    document: JsonObject | None = editing.document
    if document is None or editing.mode == YAML:
        return None
    return filled_form(editing.form, document, problems)
