"""Files for ``aws appmesh … --spec``: a spec alone, without names or a ``spec`` field around it."""

from typing import Final

from mesh.keys import APP_MESH_KINDS
from mesh.parsing.document import Document
from mesh.parsing.origin import Origin, shifted
from mesh.spec import SPEC_OF

_FIELDS: Final = frozenset(
    info.alias or name
    for kind in APP_MESH_KINDS
    for name, info in SPEC_OF[kind].model_fields.items()
)


def is_spec(document: Document) -> bool:
    """Return whether all fields of a document are fields of specs."""
    return bool(document.body) and document.body.keys() <= _FIELDS


def with_spec(document: Document) -> Document:
    """Return a document that is only a spec as a document with a ``spec`` field; any other as it
    is.

    Problems of the result have the positions in the original file.
    """
    if not is_spec(document):
        return document
    places = shifted(document.body, (), ("spec",))
    origin = Origin(document.source.path, document=document.source, places=places)
    return Document({"spec": document.body}, origin)
