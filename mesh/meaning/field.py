"""Fields of a kind as a tree: types and limits from the models, meanings from the tables."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic.fields import FieldInfo

from mesh.errors import UsageError
from mesh.keys import Kind
from mesh.meaning.meaning import Meaning
from mesh.meaning.table import KINDS, has_meanings, meanings_of
from mesh.problems.suggestion import did_you_mean, nearest
from mesh.spec import SPEC_OF
from mesh.spec.common import OneOf, Spec

_SCALARS: Final = {str: "text", int: "whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind."""

    path: str
    """Path in the document: ``spec.httpRoute.match``."""
    type_name: str
    """``text``, ``whole number``, ``true or false``, ``object``, or ``list of …`` of them."""
    required: bool
    meaning: Meaning
    limits: tuple[str, ...] = ()
    """Limits as text: ``1 to 10 items``, ``0 to 100``."""
    choices: tuple[str, ...] = ()
    """The allowed values, if there are only a few."""
    one_of: tuple[str, ...] = ()
    """Fields inside this one, of which exactly one must be set."""
    model: type[Spec] | None = None
    """Model of its content, if it is an object or a list of objects."""

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition(".")[2]


def content_of(model: type[Spec], name: str) -> str | None:
    """Return the allowed values of a field as text: ``a whole number, 0 to 100``; None if there is
    no such field."""
    if not has_meanings(model):
        return None
    parent = Field("", "object", True, Meaning(""), model=model)
    found = next((each for each in fields_of(parent) if each.name == name), None)
    if found is None:
        return None
    article = "" if found.type_name in ("text", "true or false") else "a"
    article = "an" if found.type_name == "object" else article
    inside = [each.name for each in fields_of(found)]
    told = [f"one of {', '.join(found.choices)}"] if found.choices else [*found.limits]
    if found.one_of:
        told.append(f"with one of {', '.join(found.one_of)}")
    elif inside:
        told.append(f"with {', '.join(inside)}")
    return ", ".join([f"{article} {found.type_name}".strip(), *told])


def kind_of(word: str) -> Kind:
    """Return the kind that a user names, in any case and also in its short form: ``route``.

    :raises UsageError: there is no such kind.
    """
    known = {kind.value: kind for kind in Kind}
    short = {kind.value.removeprefix("Virtual"): kind for kind in Kind}
    folded = word.casefold().replace("-", "").replace("_", "")
    for name, kind in (*known.items(), *short.items()):
        if folded in (name.casefold(), f"{name.casefold()}s", f"{name.casefold()}es"):
            return kind
    hint = did_you_mean(word, [*known, *map(str.lower, short)])
    listed = f"the kinds are {', '.join(known)}"
    raise UsageError(f"there is no kind {word!r}", hint=f"{hint} {listed}".strip())


def root_of(kind: Kind) -> Field:
    """Return the ``spec`` field of a kind."""
    model = SPEC_OF[kind]
    required = kind is not Kind.MESH
    return Field("spec", "object", required, KINDS[kind], one_of=_one_of(model), model=model)


def fields_of(parent: Field) -> Iterator[Field]:
    """Yield the fields inside a field, sorted by name."""
    if parent.model is None:
        return
    meanings = meanings_of(parent.model)
    for name, info in sorted(parent.model.model_fields.items(), key=lambda item: _wire(*item)):
        yield _field(f"{parent.path}.{_wire(name, info)}", info, meanings[name])


def walk(parent: Field) -> Iterator[Field]:
    """Yield all fields below a field, depth first."""
    for inner in fields_of(parent):
        yield inner
        yield from walk(inner)


def field_at(kind: Kind, path: str) -> Field:
    """Return the field at a path; the path may omit ``spec`` and list indexes.

    :raises UsageError: the kind has no such field.
    """
    found = root_of(kind)
    steps = [step.partition("[")[0] for step in path.split(".") if step]
    for step in steps[1:] if steps[:1] == ["spec"] else steps:
        inner = {each.name: each for each in fields_of(found)}
        name = step if step in inner else nearest(step, inner) if _same(step, inner) else None
        if name is None:
            hint = did_you_mean(step, inner)
            listed = f"it has {', '.join(inner)}" if inner else f"it is {found.type_name}"
            raise UsageError(
                f"{kind}: {found.path} has no field {step!r}", hint=f"{hint} {listed}".strip()
            )
        found = inner[name]
    return found


def _same(step: str, names: Mapping[str, Field]) -> bool:
    """Return whether a name equals one of these except for case."""
    return step.casefold() in {name.casefold() for name in names}


def _wire(name: str, info: FieldInfo) -> str:
    return info.alias or name


@dataclass
class _Shape:
    """Content of a type annotation."""

    word: str
    """Name of the type."""
    limits: list[str] = field(default_factory=list)
    choices: tuple[str, ...] = ()
    model: type[Spec] | None = None


def _field(path: str, info: FieldInfo, meaning: Meaning) -> Field:
    shape = _shape(
        Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    )
    one_of = _one_of(shape.model) if shape.model else ()
    return Field(
        path,
        shape.word,
        info.is_required(),
        meaning,
        tuple(shape.limits),
        shape.choices,
        one_of,
        shape.model,
    )


def _one_of(model: type[Spec]) -> tuple[str, ...]:
    if not issubclass(model, OneOf):
        return ()
    fields = model.model_fields
    names = [_wire(name, fields[name]) for name in model.choices or fields]
    return tuple(names) if len(names) > 1 else ()


def _shape(annotation: Any) -> _Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        shape = _shape(arguments[0])
        shape.limits = [*_limits(arguments[1:], shape.word), *shape.limits]
        return shape
    if origin in (Union, types.UnionType):
        return _shape(next(each for each in arguments if each is not type(None)))
    if origin is tuple:
        inner = _shape(arguments[0])
        each = [f"each {limit}" for limit in inner.limits]
        return _Shape(f"list of {_plural(inner.word)}", each, inner.choices, inner.model)
    if origin is Literal:
        return _Shape("text", choices=tuple(map(str, arguments)))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = _shape(arguments[1])
        return _Shape(
            f"map of {_plural(inner.word)}", [f"each value {limit}" for limit in inner.limits]
        )
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return _Shape("object", model=annotation)
    return _Shape(_SCALARS[annotation])


def _plural(word: str) -> str:
    return word if word == "text" else f"{word}s"


def _limits(metadata: tuple[Any, ...], kind: str) -> list[str]:
    flat = [inner for each in metadata for inner in getattr(each, "metadata", [each])]
    least, most = _bound(flat, Ge, "ge"), _bound(flat, Le, "le")
    shortest, longest = _bound(flat, MinLen, "min_length"), _bound(flat, MaxLen, "max_length")
    unit = " items" if kind.startswith("list") else " entries" if kind.startswith("map") else ""
    unit = unit or " characters"
    patterns = [found for each in flat if isinstance(found := getattr(each, "pattern", None), str)]
    return [
        *_range(least, most, ""),
        *_range(shortest, longest, unit),
        *(f"matches {pattern}" for pattern in patterns),
    ]


def _bound(metadata: list[Any], of: type, name: str) -> Any:
    return next((getattr(each, name) for each in metadata if isinstance(each, of)), None)


def _range(least: int | None, most: int | None, unit: str) -> list[str]:
    if least is None and most is None:
        return []
    if most is None:
        return [f"at least {least:,}{unit}"]
    if least is None:
        return [f"at most {most:,}{unit}"]
    if least == most:
        return [f"exactly {least:,}{unit.rstrip('s') if least == 1 else unit}"]
    return [f"{least:,} to {most:,}{unit}"]
