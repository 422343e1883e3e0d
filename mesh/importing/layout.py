"""File paths of imported resources: one file each, ``shop/virtual-node/web.yaml``.

The path is for people; identity comes from the document. Names that cannot be file names, or that
would leave their folder, are encoded.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from mesh.canonical import Json
from mesh.keys import Kind, ResourceKey
from mesh.reading.native import native_document
from mesh.resource import Resource
from mesh.tidy import document_text

_FOLDER: Final = {kind: re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower() for kind in Kind}
_LONGEST: Final = 120


Tags = Mapping[ResourceKey, list[Json]]
"""Tags of resources, as documents have them: ``{key: team, value: shop}``."""


def files_of(resources: Iterable[Resource], tags: Tags = MappingProxyType({})) -> dict[str, str]:
    """Return the text of each resource's file, by path and sorted by path.

    No two paths differ in case only, so every file system can hold them.
    """
    files: dict[str, str] = {}
    taken: set[str] = set()
    for resource in sorted(resources, key=lambda resource: resource.key):
        path = path_of(resource.key)
        if path.casefold() in taken:
            path = distinct(path, resource.key)
        taken.add(path.casefold())
        document = native_document(resource)
        if resource.key in tags:
            document = {**document, "tags": tags[resource.key]}
        files[path] = document_text(document)
    return dict(sorted(files.items()))


def distinct(path: str, key: ResourceKey) -> str:
    """Return another path in the same folder that no other resource has."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}~{_digest(str(key))}{dot}{suffix}"


def path_by(template: str, key: ResourceKey) -> str:
    """Return the path of a resource's file by a template such as ``{mesh}/{kind}/{name}.yaml``.

    A folder whose placeholder is empty, such as ``{parent}`` of a resource without a parent, is
    left out.
    """
    values = {"mesh": key.mesh, "kind": _FOLDER[key.kind], "parent": key.parent, "name": key.name}
    parts = (
        part.format_map({n: _part(v) for n, v in values.items()}) for part in template.split("/")
    )
    return "/".join(filter(None, parts))


def path_of(key: ResourceKey) -> str:
    """Return the path of a resource's file: ``shop/route/cart/all.yaml``."""
    if key.kind is Kind.MESH:
        return f"{_part(key.mesh)}/mesh.yaml"
    parent = [_part(key.parent)] if key.parent else []
    return "/".join([_part(key.mesh), _FOLDER[key.kind], *parent, f"{_part(key.name)}.yaml"])


def _part(name: str) -> str:
    """Return a name as one path component: not hidden, not too long, without separators."""
    text = quote(name, safe="@+~")
    if text.startswith("."):
        text = f"%2E{text[1:]}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}~{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
