"""A form with its values, as a template shows it: one part for each field, problems beside them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gitmesh.console.forms.field import FormField, Shape
from gitmesh.console.forms.scalar import json_text, shown_text
from gitmesh.console.forms.values import escaped
from mesh.canonical import Json, JsonObject
from mesh.problems.problem import Problem
from mesh.resource import Steps

_STEP: Final = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Part:
    """One field, or one item of a list, with its value."""

    name: str
    """Form name: ``spec.listeners.0.portMapping``."""
    field: FormField
    is_set: bool
    text: str = ""
    """Text of the input."""
    is_json: bool = False
    """True if the text is JSON, because no input could hold the value."""
    parts: tuple["Part", ...] = ()
    """Fields of an object, items of a list or a map."""
    key: "Part | None" = None
    """The name of an entry of a map."""
    index: int | None = None
    """Position in its list or map."""
    problems: tuple[Problem, ...] = ()
    is_unknown: bool = False
    """True if the kind has no such field."""

    @property
    def chosen(self) -> "Part | None":
        """Return the field that is set of those of which exactly one must be."""
        return next((p for p in self.parts if p.is_set and p.field.name in self.field.one_of), None)

    @property
    def has_problems(self) -> bool:
        """Return whether this part or one inside it has problems."""
        return bool(self.problems) or any(part.has_problems for part in self.parts)


@dataclass(frozen=True, slots=True)
class FilledForm:
    """All parts of a form, and the problems that belong to no field of it."""

    root: Part
    elsewhere: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Placed:
    """Problems by the place where they belong."""

    here: list[Problem] = field(default_factory=list)
    inner: dict[str | int, "_Placed"] = field(default_factory=dict)

    def at(self, step: str | int) -> "_Placed":
        return self.inner.get(step, _NOTHING)

    def all(self) -> Iterator[Problem]:
        yield from self.here
        for each in self.inner.values():
            yield from each.all()


_NOTHING: Final = _Placed()


def filled_form(
    form: FormField, document: JsonObject, problems: Iterable[Problem] = ()
) -> FilledForm:
    """Return a form with a document's values, and each problem beside the field it belongs to.

    A problem at a part that the form does not show stands beside the nearest field around it.
    """
    placed = _Placed()
    for problem in problems:
        node = placed
        for step in steps_in(problem.where):
            node = node.inner.setdefault(step, _Placed())
        node.here.append(problem)
    root = _part(form, "", document, placed)
    return FilledForm(root, root.problems)


def steps_in(where: str) -> Steps:
    """Return the place that a JSON path means: ``$.spec.listeners[0]``."""
    found = _STEP.findall(where.removeprefix("$"))
    return tuple(int(index) if index else name for name, index in found)


def _part(
    form: FormField, name: str, value: Json, placed: _Placed, index: int | None = None
) -> Part:
    match form.shape, value:
        case Shape.OBJECT, dict() | None:
            return _object(form, name, value, placed, index)
        case Shape.LIST, list() | None:
            return _list(form, name, value, placed)
        case Shape.MAP, dict() | None:
            return _map(form, name, value, placed)
    return _single(form, name, value, placed, index)


def _single(
    form: FormField, name: str, value: Json, placed: _Placed, index: int | None = None
) -> Part:
    is_scalar = form.shape in (Shape.TEXT, Shape.NUMBER, Shape.FLAG)
    text = "" if value is None else shown_text(form, value) if is_scalar else None
    told = tuple(placed.all())
    if text is None:
        return Part(name, form, True, json_text(value), True, index=index, problems=told)
    return Part(name, form, value is not None, text, index=index, problems=told)


def _object(
    form: FormField, name: str, value: JsonObject | None, placed: _Placed, index: int | None
) -> Part:
    body, lead = value or {}, f"{name}." if name else ""
    parts = [
        _part(inner, f"{lead}{inner.name}", body.get(inner.name), placed.at(inner.name))
        for inner in (form.fields if value is not None else ())
    ]
    known = {inner.name for inner in form.fields}
    for key in sorted(body.keys() - known):
        unknown = FormField(key, f"{form.path}.{key}", Shape.TEXT, required=False, meaning="")
        told = tuple(placed.at(key).all())
        text = json_text(body[key])
        where = f"{lead}{escaped(key)}"
        parts.append(Part(where, unknown, True, text, True, problems=told, is_unknown=True))
    shown = {part.field.name for part in parts}
    own = _left(placed, shown)
    return Part(name, form, value is not None, parts=tuple(parts), index=index, problems=own)


def _list(form: FormField, name: str, value: Sequence[Json] | None, placed: _Placed) -> Part:
    item = form.item
    parts = [
        _part(item, f"{name}.{at}", each, placed.at(at), at)
        if each is not None
        else Part(f"{name}.{at}", item, True, "null", True, index=at)
        for at, each in enumerate(value or ())
        if item is not None
    ]
    if item is not None and value is not None and item.shape is not Shape.OBJECT:
        parts.append(_part(item, f"{name}.{len(value)}", None, _NOTHING, len(value)))
    own = _left(placed, range(len(value or ())))
    return Part(name, form, value is not None, parts=tuple(parts), problems=own)


def _map(form: FormField, name: str, value: JsonObject | None, placed: _Placed) -> Part:
    item = form.item
    parts = list[Part]()
    entries: list[tuple[str | None, Json]] = [*(value or {}).items()]
    if value is not None:
        entries.append((None, None))  # a blank one, to fill in
    for at, (key, each) in enumerate(entries):
        if item is not None:
            named = _single(_KEY, f"{name}.{at}.key", key, _NOTHING)
            told = placed.at(key) if key is not None else _NOTHING
            found = _single(item, f"{name}.{at}.value", each, told)
            parts.append(
                Part(f"{name}.{at}", item, key is not None, parts=(found,), key=named, index=at)
            )
    own = _left(placed, value or {})
    return Part(name, form, value is not None, parts=tuple(parts), problems=own)


def _left(placed: _Placed, shown: Mapping[str, Json] | set[str] | range) -> tuple[Problem, ...]:
    """Return the problems here, and those inside that no part shows."""
    hidden = (each for step, each in placed.inner.items() if step not in shown)
    return (*placed.here, *(problem for each in hidden for problem in each.all()))


_KEY: Final = FormField("key", "", Shape.TEXT, required=True, meaning="")
