"""Resources as native documents that could be committed, with fields in the usual order."""

from collections.abc import Iterable
from typing import Final

import yaml

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.reading.tags import Tags, written_tags

_NO_TAGS: Final[Tags] = {}


def document(key: ResourceKey, spec: JsonObject, tags: Tags = _NO_TAGS) -> JsonObject:
    """Return the native document of a resource, with its tags if it has some."""
    body: JsonObject = {"kind": key.kind.value, "meshName": key.mesh}
    if key.kind.within:
        body[f"{key.kind.within}Name"] = key.parent
    if key.kind is not Kind.MESH:
        body[key.kind.name_field] = key.name
    if tags:
        body["tags"] = written_tags(tags)
    return {**body, "spec": spec}


def yaml_documents(documents: Iterable[JsonObject]) -> str:
    """Return documents as one YAML stream that parses to the same values."""
    dump = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=100)
    assert isinstance(dump, str)  # noqa: S101 -- what PyYAML returns without a stream
    return dump
