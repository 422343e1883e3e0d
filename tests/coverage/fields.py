"""Every field that a spec of App Mesh's can have, out of the models, and which of them one has.

A field is named by its kind and the way to it, ``Route.httpRoute.match.prefix``; a list adds
nothing to the way. Only fields that hold a value are named: an object acts through what is in it.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from mesh.canonical import Json
from mesh.keys import APP_MESH_KINDS
from mesh.resource import Resource, spec_json
from mesh.spec import SPEC_OF, Spec


def every_field() -> list[str]:
    """Return every field, kind by kind, in the order of the models."""
    return [path for kind in APP_MESH_KINDS for path in _fields(SPEC_OF[kind], kind.value)]


def fields_of(resource: Resource) -> set[str]:
    """Return the fields that a resource's spec has; none where the kind is not App Mesh's."""
    if resource.key.kind not in APP_MESH_KINDS:
        return set()
    return set(_present(spec_json(resource.spec), resource.key.kind.value))


def _fields(model: type[Spec], path: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        here = f"{path}.{info.alias or name}"
        inner = _model(info.annotation)
        if inner is None:
            yield here
        else:
            yield from _fields(inner, here)


def _model(annotation: Any) -> type[Spec] | None:
    """Return the model of a field's value, or of its items; None for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    if get_origin(annotation) not in (Annotated, Union, UnionType, tuple):
        return None
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return _model(parts[0])


def _present(value: Json, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _present(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _present(inner, path)
    else:
        yield path
