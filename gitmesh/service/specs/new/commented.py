"""A resource as a YAML document in which every field has its meaning as a comment. Pure."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from gitmesh.rendering.documents import document
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey
from mesh.meaning import Field, fields_of, root_of

_WIDTH: Final = 96
_SHORT: Final = 0xFFFF
_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_NO_TEXT: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML parsers, including old ones, do not read as text."""


def commented(key: ResourceKey, spec: JsonObject) -> str:
    """Return the document of a resource."""
    names = document(key, {})
    del names["spec"]
    root = root_of(key.kind)
    lines = [f"# {line}" for line in textwrap.wrap(root.meaning.text, _WIDTH)]
    lines += [f"{name}: {_scalar(value)}" for name, value in names.items()]
    lines.append("spec:" if spec else "spec: {}")
    lines += _object(spec, root, "  ")
    more = [each.name for each in fields_of(root) if each.name not in spec]
    if more:
        lines.append(
            f"  # Other fields: {', '.join(more)}. See: gitmesh explain {key.kind.segment}"
        )
    return "\n".join([*lines, ""])


def _object(value: JsonObject, field: Field, indent: str) -> Iterator[str]:
    inner = {each.name: each for each in fields_of(field)}
    for name, each in value.items():
        yield from _comment(inner[name], indent)
        yield from _member(name, each, inner[name], indent)


def _member(name: str, value: Json, field: Field, indent: str) -> Iterator[str]:
    match value:
        case dict() if value:
            yield f"{indent}{name}:"
            yield from _object(value, field, f"{indent}  ")
        case list() if value:
            yield f"{indent}{name}:"
            for item in value:
                yield from _item(item, field, f"{indent}  ")
        case _:
            yield f"{indent}{name}: {_scalar(value)}"


def _item(value: Json, field: Field, indent: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{indent}- {_scalar(value)}"
        return
    # The comment of the first field would stand between "-" and the field.
    lines = list(_object(value, field, f"{indent}  "))
    first = next(at for at, line in enumerate(lines) if not line.lstrip().startswith("#"))
    yield from (line.removeprefix("  ") for line in lines[:first])
    yield f"{indent}- {lines[first].lstrip()}"
    yield from lines[first + 1 :]


def _comment(field: Field, indent: str) -> Iterator[str]:
    limits = [*field.limits]
    if field.choices:
        limits.append(f"one of {', '.join(field.choices)}")
    if field.meaning.default:
        limits.append(f"if left out: {field.meaning.default}")
    text = " ".join([field.meaning.text, *(f"({'; '.join(limits)})" for _ in limits[:1])])
    start = f"{indent}# "
    yield from textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=start)


def _scalar(value: Json) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NO_TEXT:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(char) for char in quoted)


def _escaped(char: str) -> str:
    """Return the YAML escape of a character: unlike in JSON, one escape for any code point."""
    return f"\\u{ord(char):04x}" if ord(char) <= _SHORT else f"\\U{ord(char):08x}"
