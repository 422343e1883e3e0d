"""Documents as flat form values, and back: ``spec.listeners.0.portMapping.port`` → ``"8080"``.

Each is the other's inverse for every document, valid or not. What is unset has no value, and
nothing is filled in. A name that ends in ``!`` says more of the value without it: ``set`` for an
object, list or map that is there (even if it is empty), ``json`` for a value that is written as
JSON because no input could hold it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gitmesh.console.forms.field import FormField, Shape
from gitmesh.console.forms.scalar import ABSENT, json_text, json_value, shown_text, typed_value
from mesh.canonical import Json, JsonObject

MARK: Final = "!"
SET: Final = "set"
JSON: Final = "json"

MOST_VALUES: Final = 70_000
"""Maximum number of form values that are read; 1,000 instances with 30 attributes have fewer."""
_DEEPEST: Final = 24
_LONGEST: Final = 2_000
_INDEX: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_SPECIAL: Final = re.compile(r"[.!%]")


@dataclass(slots=True)
class _Posted:
    """The values at one name and below it."""

    text: str | None = None
    mark: str = ""
    inner: dict[str, "_Posted"] = field(default_factory=dict)


def form_values(form: FormField, document: JsonObject) -> dict[str, str]:
    """Return the form values of a document."""
    return dict(_values(form, "", document))


def document_of(form: FormField, values: Iterable[tuple[str, str]]) -> JsonObject:
    """Return the document of form values. Unknown names and absurd ones are ignored.

    Never raises; the work is proportional to the values, whatever their names say.
    """
    found = _document(form, _tree(values))
    return found if isinstance(found, dict) else {}


def escaped(name: str) -> str:
    """Return a field's name as one part of a form name."""
    return _SPECIAL.sub(lambda found: f"%{ord(found.group()):02X}", name)


def _unescaped(part: str) -> str:
    for char in (".", "!", "%"):
        part = part.replace(f"%{ord(char):02X}", char)
    return part


# ---- document to values --------------------------------------------------------------------------


def _values(form: FormField, name: str, value: Json) -> Iterator[tuple[str, str]]:
    match form.shape, value:
        case Shape.OBJECT, dict():
            yield from _of_object(form, name, value)
        case Shape.LIST, list() if form.item is not None:
            yield f"{name}{MARK}", SET
            for at, each in enumerate(value):
                yield from _values(form.item, f"{name}.{at}", each)
        case Shape.MAP, dict() if form.item is not None:
            yield f"{name}{MARK}", SET
            for at, (key, each) in enumerate(value.items()):
                yield from _values(_KEY, f"{name}.{at}.key", key)
                yield from _values(form.item, f"{name}.{at}.value", each)
        case _:
            yield from _single(form, name, value)


def _of_object(form: FormField, name: str, value: JsonObject) -> Iterator[tuple[str, str]]:
    if name:
        yield f"{name}{MARK}", SET
    lead = f"{name}." if name else ""
    for inner in form.fields:
        if value.get(inner.name) is not ABSENT:
            yield from _values(inner, f"{lead}{inner.name}", value[inner.name])
    for key in sorted(value.keys() - {inner.name for inner in form.fields}):
        yield from _as_json(f"{lead}{escaped(key)}", value[key])


def _single(form: FormField, name: str, value: Json) -> Iterator[tuple[str, str]]:
    is_scalar = form.shape in (Shape.TEXT, Shape.NUMBER, Shape.FLAG)
    text = shown_text(form, value) if is_scalar else None
    if text is None:
        yield from _as_json(name, value)
    else:
        yield name, text


def _as_json(name: str, value: Json) -> Iterator[tuple[str, str]]:
    yield f"{name}{MARK}", JSON
    yield name, json_text(value)


_KEY: Final = FormField("key", "", Shape.TEXT, required=True, meaning="")


# ---- values to document --------------------------------------------------------------------------


def _tree(values: Iterable[tuple[str, str]]) -> _Posted:
    root = _Posted()
    for number, (name, text) in enumerate(values):
        if number >= MOST_VALUES:
            break
        steps = name.removesuffix(MARK).split(".", _DEEPEST) if len(name) <= _LONGEST else []
        if not steps or len(steps) > _DEEPEST:
            continue
        node = root
        for step in steps:
            node = node.inner.setdefault(step, _Posted())
        if name.endswith(MARK):
            node.mark = text
        else:
            node.text = text
    return root


def _document(form: FormField, posted: _Posted) -> Json:
    if posted.mark == JSON and posted.text is not None:
        return json_value(posted.text)
    match form.shape:
        case Shape.OBJECT:
            return _object(form, posted)
        case Shape.LIST:
            return _list(form, posted)
        case Shape.MAP:
            return _map(form, posted)
    return ABSENT if posted.text is None else typed_value(form, posted.text)


def _object(form: FormField, posted: _Posted) -> Json:
    body: JsonObject = {}
    known = {inner.name: inner for inner in form.fields}
    for name, inner in known.items():
        if name in posted.inner and (value := _document(inner, posted.inner[name])) is not ABSENT:
            body[name] = value
    for part, each in posted.inner.items():
        if part not in known and each.mark == JSON and each.text is not None:
            body[_unescaped(part)] = json_value(each.text)
    return body if body or posted.mark == SET else ABSENT


def _list(form: FormField, posted: _Posted) -> Json:
    if form.item is None:
        return ABSENT
    found = [
        json_value(each.text or "") if each.mark == JSON else _document(form.item, each)
        for each in _in_order(posted.inner)
    ]
    kept = [
        value
        for value, each in zip(found, _in_order(posted.inner), strict=True)
        if value is not ABSENT or each.mark == JSON
    ]
    return kept if kept or posted.mark == SET else ABSENT


def _map(form: FormField, posted: _Posted) -> Json:
    body: JsonObject = {}
    for each in _in_order(posted.inner):
        key = _document(_KEY, each.inner.get("key", _Posted()))
        value = _document(form.item or _KEY, each.inner.get("value", _Posted()))
        if key is not ABSENT or value is not ABSENT:
            body[key if isinstance(key, str) else ""] = "" if value is ABSENT else value
    return body if body or posted.mark == SET else ABSENT


def _in_order(inner: Mapping[str, _Posted]) -> list[_Posted]:
    """Return items by their indexes, however far apart these are."""
    numbered = [(int(part), each) for part, each in inner.items() if _INDEX.fullmatch(part)]
    return [each for _, each in sorted(numbered, key=lambda pair: pair[0])]
