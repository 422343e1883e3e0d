"""Conversion of pydantic's errors to problems with line numbers and gitmesh's wording."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mesh.keys import Kind
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean, nearest
from mesh.resource import Source, Steps
from mesh.spec import SPEC_OF, Spec

_DURATION: Final = re.compile(r"(?P<value>\d{1,9}) ?(?P<unit>ms|s)")
_ENCRYPTED: Final = {"https": "http", "h2": "http2", "grpcs": "grpc", "tls": "tcp", "ssl": "tcp"}
"""Protocol names of other programs, for which App Mesh has a protocol plus TLS on the listener."""
MAX_PROBLEMS: Final = 100
"""Maximum problems reported for one spec; the rest are likely the same mistake."""


def spec_problems(error: ValidationError, kind: Kind, source: Source) -> list[Problem]:
    """Return a problem for each error of a spec; in the document, the spec is at ``spec``."""
    return model_problems(error, SPEC_OF[kind], source, ("spec",))


def model_problems(
    error: ValidationError, root: type[Spec], source: Source, base: Steps = ()
) -> list[Problem]:
    """Return a problem for each error; ``root`` is the model of the value at ``base``."""
    details = [detail for detail in error.errors(include_url=False) if not _follows(detail)]
    return [_problem(detail, root, source, base) for detail in details[:MAX_PROBLEMS]]


def _follows(detail: ErrorDetails) -> bool:
    """Return whether an error follows from another: a list of invalid items is also too short."""
    if detail["type"] != "too_short" or not isinstance(detail["input"], list):
        return False
    return bool(len(detail["input"]) >= _context(detail)["min_length"])


def _problem(detail: ErrorDetails, root: type[Spec], source: Source, base: Steps) -> Problem:
    steps: Steps = (*base, *detail["loc"])
    explain = _EXPLAIN.get(detail["type"], _other)
    code, message, hint = explain(detail, root)
    return source.problem(steps, code, message, hint=hint)


_Words = tuple[str, str, str]
"""Code, message, hint."""


def _context(detail: ErrorDetails) -> Mapping[str, Any]:
    return detail.get("ctx", {})


def _field(detail: ErrorDetails) -> str:
    """Return the name of the invalid field; for an item of a list, the name of the list."""
    names = [step for step in detail["loc"] if isinstance(step, str)]
    return names[-1] if names else "spec"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _missing(detail: ErrorDetails, root: type[Spec]) -> _Words:
    return "missing-field", f"{_field(detail)} is missing", _expected(detail, root)


def _expected(detail: ErrorDetails, root: type[Spec]) -> str:
    """Return the allowed values of a field, as text: ``weight is a whole number, 0 to 100``."""
    from mesh.meaning.field import content_of  # for problems alone; no other spec needs it

    model, name = _model_at(root, detail["loc"]), _field(detail)
    content = None if model is None else content_of(model, name)
    return f"{name} is {content}" if content else ""


def _unknown(detail: ErrorDetails, root: type[Spec]) -> _Words:
    field = _field(detail)
    known = _fields_at(root, detail["loc"][:-1])
    hint = did_you_mean(field, known)
    if not hint and len(detail["loc"]) == 1 and root in SPEC_OF.values():
        hint = _hint_of_other_kind(field)
    if not hint and known:
        hint = f"known here: {', '.join(known)}"
    return "unknown-field", f'there is no field "{field}" here', hint


def _hint_of_other_kind(field: str) -> str:
    kinds = [other for other, model in SPEC_OF.items() if field in _wire_names(model)]
    if not kinds:
        return ""
    return f"{field} belongs to a {' or a '.join(kinds)}; is {kinds[0].name_field} missing?"


def _not_text(detail: ErrorDetails, root: type[Spec]) -> _Words:
    value = detail["input"]
    hint = ""
    if isinstance(value, bool | int):
        hint = f'quote it: "{json.dumps(value)}"'
    return "wrong-type", f"{_field(detail)} must be text, not {_shown(value)}", hint


def _not_whole(detail: ErrorDetails, root: type[Spec]) -> _Words:
    value = detail["input"]
    message = f"{_field(detail)} must be a whole number, not {_shown(value)}"
    return "wrong-type", message, _number_hint(value)


def _number_hint(value: object) -> str:
    if not isinstance(value, str):
        return ""
    digits = value.strip().lstrip("+-")
    if not digits.isascii() or not digits.isdigit():
        return "a number has digits only: no unit, no fraction" if digits[:1].isdigit() else ""
    if digits != "0" and digits.startswith("0"):
        return f"write {digits.lstrip('0') or '0'}: leading zeros make it text"
    return "write it without quotes" if len(digits) < 19 else "the number is too big"


def _not_flag(detail: ErrorDetails, root: type[Spec]) -> _Words:
    value = detail["input"]
    truth = {"yes": "true", "on": "true", "true": "true"}
    truth |= {"no": "false", "off": "false", "false": "false"}
    word = truth.get(value.lower(), "") if isinstance(value, str) else ""
    hint = f"write {word}, without quotes" if word else "write true or false"
    return "wrong-type", f"{_field(detail)} must be true or false, not {_shown(value)}", hint


def _not_object(detail: ErrorDetails, root: type[Spec]) -> _Words:
    value = detail["input"]
    message = f"{_field(detail)} must be an object, not {_shown(value)}"
    duration = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if duration is None:
        return "wrong-type", message, _expected(detail, root)
    written = f"{{value: {duration['value']}, unit: {duration['unit']}}}"
    return "wrong-type", message, f"write {written}: a duration has a whole value and a unit"


def _not_list(detail: ErrorDetails, root: type[Spec]) -> _Words:
    message = f"{_field(detail)} must be a list, not {_shown(detail['input'])}"
    return "wrong-type", message, 'begin each item with "- "'


def _not_one_of(detail: ErrorDetails, root: type[Spec]) -> _Words:
    model = _model_at(root, detail["loc"])
    choices = _choices(model, _field(detail))
    value = detail["input"]
    message = f"{_field(detail)} cannot be {_shown(value)}"
    listed = ", ".join(choices) or str(_context(detail).get("expected", ""))
    if isinstance(value, str) and (plain := _ENCRYPTED.get(value.lower())) in choices:
        return "not-one-of", message, f"write {plain}, with tls on the listener"
    guess = nearest(value, choices) if isinstance(value, str) else None
    hint = f'did you mean "{guess}"? ' if guess else ""
    return "not-one-of", message, f"{hint}it is one of {listed}"


def _too_small(detail: ErrorDetails, root: type[Spec]) -> _Words:
    limit = _context(detail)["ge"]
    message = f"{_field(detail)} is {_shown(detail['input'])}; it must be at least {limit}"
    return "out-of-range", message, ""


def _too_big(detail: ErrorDetails, root: type[Spec]) -> _Words:
    limit = _context(detail)["le"]
    message = f"{_field(detail)} is {_shown(detail['input'])}; it must be at most {limit}"
    return "out-of-range", message, ""


def _too_short(detail: ErrorDetails, root: type[Spec]) -> _Words:
    limit, unit = _context(detail)["min_length"], _unit(detail)
    return "wrong-length", f"{_field(detail)} must have at least {limit} {unit}", ""


def _too_long(detail: ErrorDetails, root: type[Spec]) -> _Words:
    limit, unit = _context(detail)["max_length"], _unit(detail)
    found = len(detail["input"])
    return "wrong-length", f"{_field(detail)} has {found} {unit}; it may have {limit}", ""


def _unit(detail: ErrorDetails) -> str:
    return "characters" if isinstance(detail["input"], str) else "items"


def _wrong_pattern(detail: ErrorDetails, root: type[Spec]) -> _Words:
    message = f"{_field(detail)} cannot be {_shown(detail['input'])}"
    return "wrong-pattern", message, f"it must match {_context(detail)['pattern']}"


def _one_of(detail: ErrorDetails, root: type[Spec]) -> _Words:
    context = _context(detail)
    message = f"exactly one of {context['choices']} must be set, found {context['found']}"
    return "exactly-one", message, ""


def _other(detail: ErrorDetails, root: type[Spec]) -> _Words:
    return "wrong-type", f"{_field(detail)}: {detail['msg']}", ""


_EXPLAIN: Final[dict[str, Callable[[ErrorDetails, type[Spec]], _Words]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _not_text,
    "int_type": _not_whole,
    "bool_type": _not_flag,
    "model_type": _not_object,
    "mapping_type": _not_object,
    "dict_type": _not_object,
    "tuple_type": _not_list,
    "literal_error": _not_one_of,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_big,
    "string_too_short": _too_short,
    "too_short": _too_short,
    "string_too_long": _too_long,
    "too_long": _too_long,
    "string_pattern_mismatch": _wrong_pattern,
    "one_of": _one_of,
}


def _wire_names(model: type[Spec]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def known_fields(kind: Kind, place: tuple[int | str, ...]) -> list[str]:
    """Return the names of the other fields of the object that contains the field at ``place``."""
    return _fields_at(SPEC_OF[kind], place[:-1])


def _fields_at(root: type[Spec], loc: tuple[int | str, ...]) -> list[str]:
    """Return the wire names of the fields that the object at ``loc`` may have."""
    model = _model_at(root, (*loc, ""))
    return _wire_names(model) if model is not None else []


def _model_at(root: type[Spec], loc: tuple[int | str, ...]) -> type[Spec] | None:
    """Return the model of the object that holds the last name of ``loc``."""
    model: type[Spec] | None = root
    names = [step for step in loc if isinstance(step, str)]
    for name in names[:-1]:
        model = _inner_model(_annotation(model, name)) if model is not None else None
    return model


def _annotation(model: type[Spec], wire_name: str) -> object:
    for name, field in model.model_fields.items():
        if (field.alias or name) == wire_name:
            return field.annotation
    return None


def _inner_model(annotation: object) -> type[Spec] | None:
    """Find the one model inside ``tuple[Model, ...] | None`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    return next(filter(None, map(_inner_model, get_args(annotation))), None)


def _choices(model: type[Spec] | None, wire_name: str) -> list[str]:
    return _texts(_annotation(model, wire_name)) if model is not None else []


def _texts(annotation: object) -> list[str]:
    if isinstance(annotation, str):
        return [annotation]
    return [text for part in get_args(annotation) for text in _texts(part)]
