"""What a plan of Terraform does not know yet, and what its configuration says about it."""

import re
from collections.abc import Iterator
from typing import Final

from mesh.canonical import Json, JsonObject, as_object

_INDEX: Final = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]')
_MESH: Final = re.compile(r"(aws_appmesh_mesh\.[\w-]+)(?:\[[^\]]*\])?(?:\.(?:id|name))?")


def unknown_values(body: JsonObject) -> JsonObject:
    """Return, by address, what a plan says will only be known when it is applied."""
    changes = [as_object(change) for change in listed(body.get("resource_changes"))]
    return {str(c.get("address")): as_object(c.get("change")).get("after_unknown") for c in changes}


def any_unknown(value: Json) -> bool:
    """Tell whether anything of a value is known only when the plan is applied."""
    stack = [value]
    while stack:
        part = stack.pop()
        if part is True:
            return True
        stack += part.values() if isinstance(part, dict) else listed(part)
    return False


def mesh_referred_to(body: JsonObject, address: str) -> str | None:
    """Return the address of the one mesh that a resource's ``mesh_name`` is written with.

    The id of a mesh is its name, but before it is made Terraform does not know that. None where the
    configuration refers to something else too, or to none.
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
    """Return an address as the configuration has it, whatever ``count`` and ``for_each`` made."""
    return _INDEX.sub("", address)


def listed(value: Json) -> list[Json]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
