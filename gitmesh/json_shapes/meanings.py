"""JSON shapes of ``gitmesh explain``: kinds of resources, and their fields with their meaning."""

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from mesh.keys import Kind
    from mesh.meaning import Field


class KindShape(TypedDict):
    """A kind of resource, and the fields that name a resource of this kind."""

    kind: str
    names: list[str]
    meaning: str


class KindsShape(TypedDict):
    """Answer of ``explain`` without a kind."""

    kinds: list[KindShape]


class FieldShape(TypedDict):
    """A field of a spec; ``fields`` are the fields inside it."""

    path: str
    type: str
    required: bool
    meaning: str
    default: str | None
    limits: list[str]
    choices: list[str]
    oneOf: list[str]
    fields: NotRequired[list["FieldShape"]]


class ExplanationShape(FieldShape):
    """Answer of ``explain``: a field, and the kind that it belongs to."""

    kind: str
    names: list[str]


def kinds_shape() -> KindsShape:
    """Return all kinds."""
    from mesh.keys import Kind
    from mesh.meaning import root_of

    return {
        "kinds": [
            {"kind": kind.value, "names": _names(kind), "meaning": root_of(kind).meaning.text}
            for kind in Kind
        ]
    }


def explanation_shape(kind: "Kind", found: "Field", *, recursive: bool) -> ExplanationShape:
    """Return a field with its inner fields; with ``recursive``, at all depths."""
    return {
        "kind": kind.value,
        "names": _names(kind),
        **_field(found),
        "fields": _inner(found, recursive=recursive),
    }


def _inner(parent: "Field", *, recursive: bool) -> list[FieldShape]:
    from mesh.meaning import fields_of

    shapes = []
    for each in fields_of(parent):
        shape = _field(each)
        if recursive:
            shape["fields"] = _inner(each, recursive=True)
        shapes.append(shape)
    return shapes


def _field(found: "Field") -> FieldShape:
    return {
        "path": found.path,
        "type": found.type_name,
        "required": found.required,
        "meaning": found.meaning.text,
        "default": found.meaning.default or None,
        "limits": list(found.limits),
        "choices": list(found.choices),
        "oneOf": list(found.one_of),
    }


def _names(kind: "Kind") -> list[str]:
    from mesh.parsing.identity import name_fields

    return [*name_fields(kind)]
