"""Buttons of a form: add, remove, choose one of several. They work without a script.

Each returns a new document; a button for a place that does not exist changes nothing.
"""

import re
from copy import deepcopy
from typing import Final

from gitmesh.console.forms.field import FormField, Shape
from mesh.canonical import Json, JsonObject
from mesh.resource import Steps

_INDEX: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_DEEPEST: Final = 24


def steps_of(name: str) -> Steps:
    """Return the place that a form name means: ``("spec", "listeners", 0)``."""
    parts = name.split(".", _DEEPEST)
    return tuple(int(part) if _INDEX.fullmatch(part) else part for part in parts)


def with_added(form: FormField, document: JsonObject, name: str) -> JsonObject:
    """Return the document with an object that is unset, or with one more item of a list.

    What it must contain comes with it, empty.
    """
    steps, after = steps_of(name), deepcopy(document)
    field = field_at(form, steps)
    if field is None:
        return after
    parent, last = _reach(after, form, steps[:-1]), steps[-1]
    if not isinstance(parent, dict) or not isinstance(last, str):
        return after
    present = parent.get(last)
    if field.shape is Shape.LIST and field.item is not None:
        items = present if isinstance(present, list) else []
        more = [_skeleton(field.item)] if field.item.shape is Shape.OBJECT else []
        parent[last] = [*items, *more]
    elif present is None:
        parent[last] = _skeleton(field)
    return after


def with_choice(form: FormField, document: JsonObject, name: str) -> JsonObject:
    """Return the document with this one of several fields set, in place of the one that was.

    What the two have in common stays: an HTTP route that becomes a gRPC route keeps its targets.
    """
    steps = steps_of(name)
    union, field = field_at(form, steps[:-1]), field_at(form, steps)
    if union is None or field is None or field.name not in union.one_of:
        return deepcopy(document)
    after = with_added(form, document, name)
    parent = _reach(after, form, steps[:-1])
    if not isinstance(parent, dict):
        return after
    for other in union.one_of:
        if other != field.name and other in parent:
            parent[field.name] = _common(field, parent.pop(other), parent[field.name])
    return after


def without(document: JsonObject, name: str) -> JsonObject:
    """Return the document without a field or an item."""
    steps, after = steps_of(name), deepcopy(document)
    parent: Json = after
    for step in steps[:-1]:
        parent = _inside(parent, step)
    last = steps[-1]
    if isinstance(parent, dict) and str(last) in parent:
        del parent[str(last)]
    elif isinstance(parent, dict) and isinstance(last, int) and last < len(parent):
        del parent[list(parent)[last]]  # an entry of a map
    elif isinstance(parent, list) and isinstance(last, int) and last < len(parent):
        del parent[last]
    return after


def field_at(form: FormField, steps: Steps) -> FormField | None:
    """Return the field at a place; None if the form has none there."""
    found: FormField | None = form
    for step in steps:
        if found is None:
            return None
        found = found.item if isinstance(step, int) else found.inner(step)
    return found


def _reach(document: JsonObject, form: FormField, steps: Steps) -> Json:
    """Return the part at a place, with objects on the way that are still unset made."""
    part: Json = document
    field: FormField | None = form
    for step in steps:
        field = None if field is None else field_at(field, (step,))
        is_object = field is not None and field.shape is Shape.OBJECT
        if is_object and isinstance(part, dict) and part.get(str(step)) is None:
            part[str(step)] = {}
        part = _inside(part, step)
    return part


def _inside(part: Json, step: str | int) -> Json:
    if isinstance(part, dict):
        return part.get(str(step))
    if isinstance(part, list) and isinstance(step, int) and step < len(part):
        return part[step]
    return None


def _skeleton(field: FormField) -> Json:
    """Return an object with the objects and lists of objects in it that are required."""
    if field.shape in (Shape.LIST, Shape.MAP):
        is_objects = field.item is not None and field.item.shape is Shape.OBJECT
        return [_skeleton(field.item)] if is_objects and field.item else []
    body: JsonObject = {}
    for inner in field.fields:
        if inner.required and inner.shape in (Shape.OBJECT, Shape.LIST):
            body[inner.name] = _skeleton(inner)
    return body


def _common(field: FormField, value: Json, otherwise: Json) -> Json:
    """Return what of a value fits a field; ``otherwise`` where nothing does."""
    if field.shape is Shape.OBJECT and isinstance(value, dict):
        base = otherwise if isinstance(otherwise, dict) else {}
        kept = {
            inner.name: _common(inner, value[inner.name], base.get(inner.name))
            for inner in field.fields
            if value.get(inner.name) is not None
        }
        return {**base, **{name: each for name, each in kept.items() if each is not None}}
    if field.shape is Shape.LIST and isinstance(value, list) and field.item is not None:
        return [_common(field.item, each, None) for each in value]
    if field.shape is Shape.OBJECT or isinstance(value, dict | list):
        return otherwise
    return value
