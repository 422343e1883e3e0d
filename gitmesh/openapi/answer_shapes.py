"""JSON schemas of the JSON API's answers, from the types that describe them. Pure.

Fields may be added to answers, so unknown ones are allowed; none of these is missing.
"""

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Any, Final, NotRequired, Union, get_args, get_origin, is_typeddict

REF: Final = "#/components/schemas/{model}"
_PLAIN: Final = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def schema_of(shape: Any) -> dict[str, Any]:
    """Return the schema of a type; shapes are referred to by name."""
    origin, inner = get_origin(shape), get_args(shape)
    if shape in _PLAIN:
        return {"type": _PLAIN[shape]}
    if is_typeddict(shape):
        return {"$ref": REF.format(model=shape.__name__)}
    if origin is NotRequired:
        return schema_of(inner[0])
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(each) for each in inner]}
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    return {}  # any JSON value


def shapes_in(shapes: Iterable[Any]) -> dict[str, Any]:
    """Return the schemas of shapes, and of those in them, by name."""
    found: dict[str, Any] = {}
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop()
        if not is_typeddict(shape):
            waiting += get_args(shape)
        elif shape.__name__ not in found:
            kinds = shape.__annotations__
            found[shape.__name__] = _object(shape, kinds)
            waiting += kinds.values()
    return found


def _object(shape: Any, kinds: dict[str, Any]) -> dict[str, Any]:
    properties = {name: schema_of(kind) for name, kind in kinds.items()}
    required = [name for name in kinds if name in shape.__required_keys__]
    return {
        "type": "object",
        "description": (shape.__doc__ or "").partition("\n")[0],
        "properties": properties,
        **({"required": required} if required else {}),
    }
