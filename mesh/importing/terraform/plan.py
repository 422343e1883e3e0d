"""Unknown values of a Terraform plan, and what the configuration says about them."""

import re
from collections.abc import Iterator
from typing import Final

from mesh.canonical import Json, JsonObject, as_object

_INDEX: Final = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]')
_MESH: Final = re.compile(r"(aws_appmesh_mesh\.[\w-]+)(?:\[[^\]]*\])?(?:\.(?:id|name))?")


def unknown_values(body: JsonObject) -> JsonObject:
    """Return the values that are known only after apply, by resource address."""
    changes = [as_object(change) for change in listed(body.get("resource_changes"))]
    return {str(c.get("address")): as_object(c.get("change")).get("after_unknown") for c in changes}


def any_unknown(value: Json) -> bool:
    """Return whether any part of a value is known only after apply."""
    stack = [value]
    while stack:
        part = stack.pop()
        if part is True:
            return True
        stack += part.values() if isinstance(part, dict) else listed(part)
    return False


def mesh_referred_to(body: JsonObject, address: str) -> str | None:
    """Return the address of the mesh that a resource's ``mesh_name`` refers to.

    A mesh's id is its name, but Terraform does not know that before it creates the mesh. Returns
    None if ``mesh_name`` refers to something else as well, or to nothing.
    """
    *path, of_type, name = _INDEX.sub("", address).split(".")
    module = as_object(as_object(body.get("configuration")).get("root_module"))
    for step in path[1::2]:
        calls = as_object(module.get("module_calls"))
        module = as_object(as_object(calls.get(step)).get("module"))
    for found in listed(module.get("resources")):
        resource = as_object(found)
        if resource.get("address") == f"{of_type}.{name}":
            meshes = set(_meshes(resource))
            mesh = meshes.pop() if len(meshes) == 1 else None
            return ".".join([*path, mesh]) if mesh else None
    return None


def _meshes(resource: JsonObject) -> Iterator[str | None]:
    expression = as_object(as_object(resource.get("expressions")).get("mesh_name"))
    for reference in listed(expression.get("references")):
        found = _MESH.fullmatch(str(reference))
        yield found.group(1) if found else None


def without_index(address: str) -> str:
    """Return an address without the index that ``count`` or ``for_each`` adds."""
    return _INDEX.sub("", address)


def listed(value: Json) -> list[Json]:
    """Return the value if it is a list, else an empty list."""
    return value if isinstance(value, list) else []
