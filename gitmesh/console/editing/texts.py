"""The text of a document, and what is in it. Pure.

The text is what is edited: a form changes it in place, so that comments, order and layout stay.
"""

from mesh.canonical import JsonObject
from mesh.parsing.document import read_documents
from mesh.parsing.identity import identify
from mesh.problems.problem import Problem
from mesh.reading.tags import read_tags
from mesh.resource import Resource
from mesh.tidy.replacing import with_spec, with_tags


def body_of(path: str, text: str) -> JsonObject | None:
    """Return the document that a text holds, without the wrapper of an API answer.

    None if it cannot be read, or holds another number of documents.
    """
    reading = read_documents(path, text.encode())
    if len(reading.documents) != 1 or reading.problems:
        return None
    return identify(reading.documents[0]).document.body


def problems_of(path: str, text: str) -> tuple[Problem, ...]:
    """Return the reasons why a text cannot be read."""
    return read_documents(path, text.encode()).problems


def form_document(path: str, text: str) -> JsonObject | None:
    """Return what a form shows of a document: spec and tags; None if it cannot be read."""
    body = body_of(path, text)
    if body is None:
        return None
    return {"spec": body.get("spec", {}), "tags": dict(read_tags(body.get("tags")))}


def with_document(path: str, text: str, resource: Resource, document: JsonObject) -> str:
    """Return a text with the spec and the tags of a form in it; the rest stays.

    :param document: as of :func:`form_document`; without tags, those in the text stay.
    """
    spec = document.get("spec", {})
    blob = text.encode()
    now = form_document(path, text) or {}
    if isinstance(spec, dict) and spec != now.get("spec"):
        blob = with_spec(path, blob, resource, spec)
    tags = document.get("tags")
    if isinstance(tags, dict) and tags != now.get("tags"):
        blob = with_tags(path, blob, resource, {name: str(each) for name, each in tags.items()})
    return blob.decode()
