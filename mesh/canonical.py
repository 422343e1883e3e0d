"""Canonical JSON: equal values have equal text, so equal hashes everywhere."""

import json
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""A JSON value without fractions: weights, times and sizes are whole numbers, written in one way.
"""

JsonObject: TypeAlias = dict[str, Json]


def canonical(value: Json) -> str:
    """Return the canonical text: keys sorted, no spaces, UTF-8 unescaped (after RFC 8785).

    :raises ValueError: the value holds a float, whose text depends on the writer.
    """
    _refuse_floats(value)
    return _encode(value)


_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _refuse_floats(value: object) -> None:
    found = [value]
    for item in found:  # the loop appends to it
        kind = type(item)
        if kind is str or kind is int:
            continue
        if isinstance(item, dict):
            found += item.values()
        elif isinstance(item, list):
            found += item
        elif isinstance(item, float):
            raise ValueError(f"canonical JSON holds whole numbers only, not {item!r}")


def as_object(value: Json) -> JsonObject:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
