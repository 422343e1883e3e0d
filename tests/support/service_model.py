"""Comparison of our spec models with the App Mesh service's own model, member by member."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import botocore.loaders
from pydantic import Strict
from pydantic.fields import FieldInfo

from mesh.spec import Spec
from mesh.spec.common import OneOf

Shape = Mapping[str, Any]
Shapes = Mapping[str, Shape]

_SCALARS: dict[str, type] = {"string": str, "integer": int, "long": int, "boolean": bool}


def service_shapes() -> Shapes:
    """Return the shapes of App Mesh's API, version 2019-01-25, from botocore."""
    loader = botocore.loaders.Loader()
    model = loader.load_service_model("appmesh", "service-2", api_version="2019-01-25")
    shapes: Shapes = model["shapes"]
    return shapes


def reachable(shapes: Shapes, root: str) -> list[str]:
    """Return the names of all shapes inside a shape, with the shape itself."""
    found: dict[str, None] = {}
    todo = [root]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = None
            todo += [member["shape"] for member in _parts(shapes[name])]
    return list(found)


def _parts(shape: Shape) -> list[Shape]:
    if shape["type"] == "list":
        return [shape["member"]]
    return list(shape.get("members", {}).values())


@dataclass
class _Said:
    """Content of one of our type annotations."""

    core: Any
    strict: bool = False
    limits: dict[str, Any] = field(default_factory=dict)


def differences(
    shapes: Shapes, root: str, model: type[Spec], stricter: Mapping[type[Spec], str]
) -> Iterator[str]:
    """Yield each difference between a model and a shape, recursively.

    :param stricter: models that require exactly one member where the service's model does not.
    """
    yield from _structure(shapes, root, model, stricter, root)


def _structure(
    shapes: Shapes, name: str, model: type[Spec], stricter: Mapping[type[Spec], str], at: str
) -> Iterator[str]:
    shape = shapes[name]
    if shape["type"] != "structure":
        yield f"{at}: {shape['type']} in the service, a model in ours"
        return
    fields = {info.alias or ours: info for ours, info in model.model_fields.items()}
    members: Mapping[str, Shape] = shape["members"]
    for wire in members.keys() ^ fields.keys():
        yield f"{at}.{wire}: only in {'the service' if wire in members else 'ours'}"
    yield from _union(shape, model, stricter, at)
    required = set(shape.get("required", ()))
    for wire in members.keys() & fields.keys():
        info, here = fields[wire], f"{at}.{wire}"
        if (wire in required) != info.is_required():
            yield f"{here}: required differs"
        if not info.is_required() and info.default is not None:
            yield f"{here}: absent means {info.default!r}"
        said = _take_apart(Annotated[info.annotation, *info.metadata, ""])
        yield from _value(shapes, members[wire]["shape"], said, stricter, here)


def _union(
    shape: Shape, model: type[Spec], stricter: Mapping[type[Spec], str], at: str
) -> Iterator[str]:
    union = bool(shape.get("union"))
    if issubclass(model, OneOf):
        if union and model.choices:
            yield f"{at}: a union in the service, a choice among some members in ours"
        if not union and model not in stricter:
            yield f"{at}: exactly one member in ours only"
    elif union:
        yield f"{at}: exactly one member in the service only"


def _value(
    shapes: Shapes, name: str, said: _Said, stricter: Mapping[type[Spec], str], at: str
) -> Iterator[str]:
    shape = shapes[name]
    limits = {key: shape[key] for key in ("min", "max", "pattern") if key in shape}
    if limits != said.limits:
        yield f"{at}: {limits} in the service, {said.limits} in ours"
    if isinstance(said.core, type) and issubclass(said.core, Spec):
        yield from _structure(shapes, name, said.core, stricter, at)
    elif get_origin(said.core) is not tuple:
        yield from _scalar(shape, said, at)
    elif shape["type"] != "list":
        yield f"{at}: {shape['type']} in the service, a list in ours"
    else:
        item = _take_apart(get_args(said.core)[0])
        yield from _value(shapes, shape["member"]["shape"], item, stricter, f"{at}[]")


def _scalar(shape: Shape, said: _Said, at: str) -> Iterator[str]:
    if get_origin(said.core) is Literal:
        if set(shape.get("enum", ())) != set(get_args(said.core)):
            yield f"{at}: the values differ"
    elif _SCALARS.get(shape["type"]) is not said.core or "enum" in shape:
        yield f"{at}: {shape['type']} in the service, {said.core} in ours"
    elif not said.strict:
        yield f"{at}: not strict"


def _take_apart(annotation: Any) -> _Said:
    said = _Said(annotation)
    while True:
        if get_origin(said.core) is Annotated:
            said.core, *notes = get_args(said.core)
            for note in notes:
                _take_note(said, note)
        elif get_origin(said.core) in (Union, UnionType):
            said.core = next(part for part in get_args(said.core) if part is not NoneType)
        else:
            return said


_LIMITS = {"ge": "min", "le": "max", "min_length": "min", "max_length": "max", "pattern": "pattern"}
"""Names of the service's min, max and pattern in pydantic."""


def _take_note(said: _Said, note: Any) -> None:
    if isinstance(note, FieldInfo):
        for inner in note.metadata:
            _take_note(said, inner)
    elif isinstance(note, Strict):
        said.strict = note.strict
    for ours, theirs in _LIMITS.items():
        if not isinstance(note, FieldInfo) and getattr(note, ours, None) is not None:
            said.limits[theirs] = getattr(note, ours)
