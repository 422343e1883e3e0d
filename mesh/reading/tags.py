"""Tags of resources, which App Mesh's API keeps: the ``tags`` of their documents.

Tags change nothing that proxies receive, so a document with invalid tags is valid.
"""

from collections.abc import Mapping
from typing import TypeAlias

from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey
from mesh.parsing.document import read_documents
from mesh.parsing.identity import identify
from mesh.reading.native import FORMS, NATIVE

Tags: TypeAlias = Mapping[str, str]
"""Values by key, in the order in which they are written."""


def tags_of(path: str, blob: bytes, key: ResourceKey) -> Tags:
    """Return the tags of a resource in a file; none if the file defines the resource in another
    format."""
    for document in read_documents(path, blob).documents:
        if next(form for form in FORMS if form.recognises(document.body)) is NATIVE:
            found = identify(document)
            if found.key == key:
                return read_tags(found.document.body.get("tags"))
    return {}


def read_tags(value: Json) -> Tags:
    """Return the tags that a document holds: a list of ``{key, value}``, or an object."""
    if isinstance(value, dict):
        return {key: _text(text) for key, text in value.items()}
    found = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    return {_text(each["key"]): _text(each.get("value")) for each in found if "key" in each}


def written_tags(tags: Tags) -> list[Json]:
    """Return tags in the form that documents and the API use: a list of ``{key, value}``."""
    found: list[JsonObject] = [{"key": key, "value": value} for key, value in tags.items()]
    return list(found)


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
