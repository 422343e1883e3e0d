"""Description of a form: every field of a kind as a tree, from the models and their meanings."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from mesh.keys import Kind
from mesh.meaning import Field, Meaning, fields_of, root_of
from mesh.tidy.order import in_reading_order


class Shape(Enum):
    """Content of a field, which decides how the form shows it."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    OBJECT = "object"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form, with the fields inside it."""

    name: str
    """Name in the document: ``portMapping``."""
    path: str
    """Path without list indexes: ``spec.listeners.portMapping``."""
    shape: Shape
    required: bool
    meaning: str
    default: str = ""
    """Behaviour if the field is absent, as text."""
    limits: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """The allowed values of a text, if there are only a few."""
    fields: tuple["FormField", ...] = ()
    """Fields of an object, in reading order."""
    one_of: tuple[str, ...] = ()
    """Names of those fields of which exactly one must be set."""
    item: "FormField | None" = None
    """Each item of a list, each value of a map."""

    @property
    def label(self) -> str:
        """Return the name as words: ``Port mapping``."""
        return _words(self.name)

    @property
    def is_single(self) -> bool:
        """Return whether one input holds its value."""
        return self.shape in (Shape.TEXT, Shape.NUMBER, Shape.FLAG)

    @property
    def constraint(self) -> str:
        """Return the limits and choices as one text: ``whole number, 1 to 65,535``."""
        told = [*self.limits]
        if self.choices:
            told.append(f"one of {', '.join(self.choices)}")
        if self.one_of:
            told.append(f"exactly one of {', '.join(self.one_of)}")
        return ", ".join(([_WORDS[self.shape]] if self.shape in _WORDS else []) + told)

    @property
    def each(self) -> str:
        """Return the name of one item as words: ``Listener``."""
        return self.label.removesuffix("s")

    def inner(self, name: str) -> "FormField | None":
        """Return the field of an object with this name."""
        return next((each for each in self.fields if each.name == name), None)


_WORDS: Final = {Shape.NUMBER: "whole number", Shape.FLAG: "true or false"}
_SHAPES: Final = {
    "text": Shape.TEXT,
    "whole number": Shape.NUMBER,
    "true or false": Shape.FLAG,
    "object": Shape.OBJECT,
}
_ACRONYMS: Final = {
    each.lower(): each
    for each in (
        "ACM",
        "ARN",
        "AWS",
        "DNS",
        "gRPC",
        "HTTP",
        "HTTP2",
        "IP",
        "JSON",
        "SDS",
        "TCP",
        "TLS",
    )
} | {"arns": "ARNs", "id": "ID"}
_EACH: Final = "each "
_PART: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

TAGS: Final = FormField(
    "tags",
    "tags",
    Shape.MAP,
    required=False,
    meaning="Tags of the resource: names and values that change nothing for proxies.",
    item=FormField("value", "tags", Shape.TEXT, required=False, meaning=""),
)


@cache
def form_of(kind: Kind) -> FormField:
    """Return the form of a kind: an object with ``spec`` and ``tags``, as documents have them."""
    spec = _field(root_of(kind))
    return FormField("", "", Shape.OBJECT, required=True, meaning=spec.meaning, fields=(spec, TAGS))


def _field(found: Field) -> FormField:
    for word, shape in (("list of ", Shape.LIST), ("map of ", Shape.MAP)):
        if found.type_name.startswith(word):
            return _collection(found, shape, found.type_name.removeprefix(word))
    return _single(found, found.name, _SHAPES[found.type_name], found.meaning, found.limits)


def _single(
    found: Field, name: str, shape: Shape, meaning: Meaning, limits: tuple[str, ...]
) -> FormField:
    inner = in_reading_order((each.name, each) for each in fields_of(found))
    return FormField(
        name,
        found.path,
        shape,
        found.required,
        meaning.text,
        meaning.default,
        limits,
        found.choices,
        tuple(_field(each) for _, each in inner),
        found.one_of,
    )


def _collection(found: Field, shape: Shape, word: str) -> FormField:
    """Return a list or map; its limits that begin with ``each`` are those of its items."""
    of_items = tuple(
        limit.removeprefix("each value ").removeprefix(_EACH)
        for limit in found.limits
        if limit.startswith(_EACH)
    )
    own = tuple(limit for limit in found.limits if not limit.startswith(_EACH))
    item = _single(found, "value", _SHAPES[_singular(word)], Meaning(""), of_items)
    return FormField(
        found.name,
        found.path,
        shape,
        found.required,
        found.meaning.text,
        found.meaning.default,
        own,
        item=item,
    )


def _singular(word: str) -> str:
    return word if word in _SHAPES else word.removesuffix("s")


def _words(name: str) -> str:
    words = [_ACRONYMS.get(each.lower(), each.lower()) for each in _PART.sub(" ", name).split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]
