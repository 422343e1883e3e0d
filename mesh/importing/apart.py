"""Split input that holds several documents, or one document inside another."""

from collections.abc import Iterator

from mesh.canonical import JsonObject
from mesh.parsing.document import Document, narrowed
from mesh.parsing.foreign_output import listing_of, specs_in
from mesh.resource import Steps


def taken_apart(document: Document) -> Iterator[Document]:
    """Yield the documents inside a document, or the document itself if it holds no others.

    ``{"virtualNodes": [{…, "spec": …}]}`` is what scripts make of many ``describe-…`` answers;
    ``{"TemplateBody": {…}}`` is how CloudFormation returns a template in JSON.
    """
    listing = listing_of(document.body)
    specs = specs_in(document.body[listing]) if listing else []
    if listing and specs:
        for at, item in enumerate(specs):
            yield _inside(document, (listing, at), item)
        return
    template = document.body.get("TemplateBody")
    if isinstance(template, dict):
        yield _inside(document, ("TemplateBody",), template)
        return
    yield document


def _inside(document: Document, steps: Steps, body: JsonObject) -> Document:
    return Document(body, narrowed(document.source, steps))
