"""The state of an edit page: the text that is edited, and how it is shown."""

from dataclasses import dataclass, replace

from gitmesh.console.editing.texts import form_document, problems_of, with_document
from gitmesh.console.forms.field import FormField, form_of
from gitmesh.console.forms.steps import with_added, with_choice, without
from gitmesh.console.forms.values import document_of
from gitmesh.console.visit import Form
from gitmesh.service.resources.written import WrittenResource
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem
from mesh.reading.native import native_document
from mesh.resource import Resource
from mesh.spec import MeshSpec
from mesh.tidy import document_text

FORM, YAML = "form", "yaml"


@dataclass(frozen=True, slots=True)
class Editing:
    """One resource that somebody edits."""

    key: ResourceKey
    path: str
    """The file that it is, or will be, in."""
    base: str
    """The commit that it was read from."""
    text: str
    """Its document, as edited so far."""
    mode: str = FORM
    is_manifest: bool = False
    """True if a Kubernetes manifest defines it, which has no tags."""

    @property
    def form(self) -> FormField:
        """Return the form of its kind."""
        return form_of(self.key.kind)

    @property
    def document(self) -> JsonObject | None:
        """Return what the form shows; None if the text cannot be read."""
        found = form_document(self.path, self.text)
        if found is not None and self.is_manifest:
            del found["tags"]
        return found

    @property
    def unreadable(self) -> tuple[Problem, ...]:
        """Return the reasons why the text cannot be shown as a form."""
        return problems_of(self.path, self.text)


def started(key: ResourceKey, written: WrittenResource | None, tip: str, path: str) -> Editing:
    """Return the edit of a resource before anything is changed; of a new one if it is not there."""
    if written is not None:
        path = written.path if not written.is_manifest else f"{key.name}.yaml"
        is_manifest = written.is_manifest
        return Editing(key, path, written.commit, written.text, is_manifest=is_manifest)
    empty = native_document(Resource(key, MeshSpec()))
    return Editing(key, path, tip, document_text({**empty, "spec": {}}))


def continued(editing: Editing, form: Form) -> Editing:
    """Return the edit with what a page has sent: its fields or its text, and the pressed button."""
    mode = YAML if form.get("as") == YAML else FORM
    found = replace(editing, base=form.get("base") or editing.base, mode=mode)
    if "text" in {name for name, _ in form.fields}:
        found = replace(found, text=form.get("text").replace("\r\n", "\n"))
    if mode == FORM:
        found = _filled(found, document_of(found.form, form.fields))
    return _pressed(found, form.get("do"))


def _filled(editing: Editing, document: JsonObject) -> Editing:
    resource = Resource(editing.key, MeshSpec())
    text = with_document(editing.path, editing.text, resource, document)
    return replace(editing, text=text)


def _pressed(editing: Editing, button: str) -> Editing:
    """Return the edit after a button: another mode, something added, chosen or removed."""
    if button in (FORM, YAML):
        readable = editing.document is not None
        return replace(editing, mode=button if readable else YAML)
    verb, _, name = button.partition(":")
    document = editing.document
    if document is None or not name:
        return editing
    match verb:
        case "add":
            document = with_added(editing.form, document, name)
        case "choose":
            document = with_choice(editing.form, document, name)
        case "remove":
            document = without(document, name)
        case _:
            return editing
    return _filled(editing, document)
