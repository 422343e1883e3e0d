"""Resources as spec files."""

from collections.abc import Iterable

import yaml

from mesh.canonical import JsonObject
from mesh.reading.native import native_document
from mesh.resource import Resource


def document(resource: Resource) -> JsonObject:
    """Return the native document of a resource."""
    return native_document(resource)


def text(*resources: Resource) -> str:
    """Return a YAML file with the resources."""
    return yaml.safe_dump_all(map(document, resources), sort_keys=False)


def files(resources: Iterable[Resource]) -> dict[str, str]:
    """Return one file per resource, named by its key."""
    return {f"{resource.key}.yaml": text(resource) for resource in resources}
