"""Types of fields according to the spec models, for converters: number, list or object."""

from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mesh.canonical import Json
from mesh.parsing.scalars import resolve
from mesh.spec import Spec

_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class Shape:
    """Type of a field, with only those limits that distinguish an absent value."""

    model: type[Spec] | None = None
    item: "Shape | None" = None
    """Shape of the items, for a list."""
    scalar: type[int] | type[bool] | type[str] | None = None
    takes_zero: bool = False
    """True if the field accepts the number 0; elsewhere a plan's 0 means that it is unset."""
    required: bool = False


@cache
def fields(model: type[Spec]) -> dict[str, Shape]:
    """Return the shape of each field of a model, by the field's name in documents."""
    return {
        info.alias or name: _shape(Annotated[info.annotation, *info.metadata, ""], info)
        for name, info in model.model_fields.items()
    }


def coerced(shape: Shape, value: Json) -> Json:
    """Return the value with scalars converted to the field's type: ``"80"`` to 80, ``true`` to
    ``"true"``.

    CloudFormation converts the same way. A value that does not fit is returned unchanged.
    """
    if shape.model is not None and isinstance(value, dict):
        known = fields(shape.model)
        return {k: coerced(known[k], v) if k in known else v for k, v in value.items()}
    if shape.item is not None and isinstance(value, list):
        return [coerced(shape.item, item) for item in value]
    if shape.scalar is int and isinstance(value, str):
        number = resolve(value)
        return number if type(number) is int else value
    if shape.scalar is bool and isinstance(value, str):
        return _TRUTH.get(value.lower(), value)
    if shape.scalar is str:
        return as_text(value)
    return value


def as_text(value: Json) -> Json:
    """Return a number or a boolean as text; any other value unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _shape(annotation: Any, info: FieldInfo | None = None) -> Shape:
    core, least = _core(annotation)
    required = info is not None and info.is_required()
    if isinstance(core, type) and issubclass(core, Spec):
        return Shape(model=core, required=required)
    if get_origin(core) is tuple:
        return Shape(item=_shape(get_args(core)[0]), required=required)
    if core is int or core is bool:
        return Shape(scalar=core, takes_zero=least is None or least <= 0, required=required)
    if core is str or get_origin(core) is Literal:
        return Shape(scalar=str, required=required)
    raise TypeError(f"no shape for {annotation}")


def _core(annotation: Any) -> tuple[Any, int | None]:
    """Return the type inside ``Annotated`` and ``| None``, and the minimum of its values."""
    core, least = annotation, None
    while True:
        if get_origin(core) is Annotated:
            core, *notes = get_args(core)
            for note in notes:
                inner = note.metadata if isinstance(note, FieldInfo) else [note]
                least = next((n.ge for n in inner if hasattr(n, "ge")), least)
        elif get_origin(core) in (Union, UnionType):
            core = next(part for part in get_args(core) if part is not NoneType)
        else:
            return core, least
