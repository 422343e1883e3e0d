"""CloudFormation's intrinsic functions."""

import base64
import re
from collections.abc import Callable
from typing import Final, Protocol

from mesh.canonical import Json, JsonObject, as_object, canonical
from mesh.importing.cloudformation.template import PROCESSED, Template
from mesh.importing.cloudformation.values import Mark, Value
from mesh.importing.shape import as_text
from mesh.resource import Steps

_PLACEHOLDER: Final = re.compile(r"\$\{(!?)([^}]*)\}")

Places = dict[Steps, Steps] | None


class Evaluator(Protocol):
    """Interface of the evaluation that intrinsic functions use.

    Implemented by :class:`mesh.importing.cloudformation.evaluation.Evaluation`, which documents the
    methods.
    """

    template: Template
    undecided: int

    def resolve(
        self, value: Json, at: Steps, into: Steps | None = None, places: Places = None
    ) -> Value:
        """Return the evaluated value."""

    def text(self, value: Json, at: Steps) -> str | Mark:
        """Return the evaluated value as text."""

    def joined(self, parts: list[str], at: Steps, between: str = "") -> str | Mark:
        """Return the joined texts."""

    def spend(self, amount: int) -> None:
        """Count work against the limit."""

    def wrong(self, at: Steps, message: str, hint: str = "") -> Mark:
        """Record an error in the template."""

    def stuck(self, at: Steps, message: str, hint: str = "") -> Mark:
        """Record that a value cannot be evaluated."""

    def reference(self, name: str, at: Steps) -> Value:
        """Return the value of ``Ref``."""

    def attribute(self, logical_id: str, attribute: str, at: Steps) -> Value:
        """Return the value of ``Fn::GetAtt``."""

    def condition(self, name: str, at: Steps) -> bool | None:
        """Return whether a condition holds."""

    def import_value(self, name: str, at: Steps) -> Value:
        """Return the value that another stack exports."""


_Function = Callable[[Evaluator, Json, Steps], Value]


def function_named(value: JsonObject) -> str | None:
    """Return the name of the function that a one-key object calls; None if it calls none."""
    if len(value) != 1:
        return None
    name = next(iter(value))
    return name if name == "Ref" or name.startswith("Fn::") else None


def call(
    run: Evaluator, name: str, argument: Json, at: Steps, into: Steps | None, places: Places
) -> Value:
    """Return the result of an intrinsic function."""
    if name == "Fn::If":
        return _if(run, argument, at, into, places)
    function = _FUNCTIONS.get(name)
    if function is None:
        hint = PROCESSED if name == "Fn::Transform" else "write its result"
        return run.stuck(at, f"{name} is not supported by the import", hint)
    return function(run, argument, at)


def truth(run: Evaluator, value: Json, at: Steps) -> bool | None:
    """Return whether the body of a condition holds; None if it cannot be evaluated."""
    run.spend(1)
    name = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
    argument = value[name] if isinstance(value, dict) and name else None
    at = (*at, name)
    if name == "Condition" and isinstance(argument, str):
        return run.condition(argument, at)
    parts = argument if isinstance(argument, list) else []
    if name == "Fn::Equals" and len(parts) == 2:
        return _equals(run, parts, at)
    if name == "Fn::Not" and len(parts) == 1:
        found = truth(run, parts[0], (*at, 0))
        return None if found is None else not found
    if name in ("Fn::And", "Fn::Or") and parts:
        return _and_or(run, name == "Fn::And", parts, at)
    run.wrong(at, "this is not a condition", "use Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition")
    return None


def _equals(run: Evaluator, parts: list[Json], at: Steps) -> bool | None:
    found = [run.resolve(part, (*at, index)) for index, part in enumerate(parts)]
    if Mark.UNDECIDED in found:
        return None
    first, second = (value if isinstance(value, Mark) else as_text(value) for value in found)
    return first == second


def _and_or(run: Evaluator, all_of: bool, parts: list[Json], at: Steps) -> bool | None:
    """Evaluate the operands in order, up to the first operand that decides the result."""
    undecided = False
    for index, part in enumerate(parts):
        found = truth(run, part, (*at, index))
        if found is not None and found is not all_of:
            return found
        undecided |= found is None
    return None if undecided else all_of


def _if(run: Evaluator, argument: Json, at: Steps, into: Steps | None, places: Places) -> Value:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        return run.wrong(at, "Fn::If takes a condition and two values")
    holds = run.condition(argument[0], (*at, 0))
    if holds is None:
        run.undecided += 1
        return Mark.UNDECIDED
    branch = 1 if holds else 2
    return run.resolve(argument[branch], (*at, branch), into, places)


def _ref(run: Evaluator, argument: Json, at: Steps) -> Value:
    if not isinstance(argument, str):
        return run.wrong(at, "Ref takes a name")
    return run.reference(argument, at)


def _get_att(run: Evaluator, argument: Json, at: Steps) -> Value:
    if isinstance(argument, str):
        logical_id, _, attribute = argument.partition(".")
        return run.attribute(logical_id, attribute, at)
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str):
        found = run.text(argument[1], (*at, 1))
        return found if isinstance(found, Mark) else run.attribute(argument[0], found, at)
    return run.wrong(at, "Fn::GetAtt takes a resource and an attribute")


def _sub(run: Evaluator, argument: Json, at: Steps) -> Value:
    given: JsonObject = {}
    text = argument
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
        text, given = argument[0], argument[1]
    if not isinstance(text, str):
        return run.wrong(at, "Fn::Sub takes a text, or a text and its variables")
    parts: list[str] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        value = _filled(run, found, given, at)
        if isinstance(value, Mark):
            return Mark.UNDECIDED
        parts.append(value)
    return run.joined([*parts, text[end:]], at)


def _filled(run: Evaluator, found: re.Match[str], given: JsonObject, at: Steps) -> str | Mark:
    literal, name = found.group(1), found.group(2).strip()
    run.spend(1)
    if literal:
        return f"${{{name}}}"
    if name in given:
        return run.text(given[name], (*at, 1, name))
    logical_id, dot, attribute = name.partition(".")
    value = run.attribute(logical_id, attribute, at) if dot else run.reference(name, at)
    if isinstance(value, Mark):
        return run.wrong(at, f"{name} is no value") if value is Mark.NO_VALUE else value
    text = as_text(value)
    return text if isinstance(text, str) else run.wrong(at, f"{name} is not text")


def _join(run: Evaluator, argument: Json, at: Steps) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return run.wrong(at, "Fn::Join takes a delimiter and a list")
    between = run.text(argument[0], (*at, 0))
    parts = run.resolve(argument[1], (*at, 1))
    if isinstance(between, Mark) or isinstance(parts, Mark):
        return Mark.UNDECIDED
    texts = [as_text(part) for part in parts] if isinstance(parts, list) else [None]
    if not all(isinstance(text, str) for text in texts):
        return run.wrong(at, "Fn::Join takes a delimiter and a list of texts")
    return run.joined([str(text) for text in texts], at, between)


def _split(run: Evaluator, argument: Json, at: Steps) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return run.wrong(at, "Fn::Split takes a delimiter and a text")
    between, text = run.text(argument[0], (*at, 0)), run.text(argument[1], (*at, 1))
    if isinstance(between, Mark) or isinstance(text, Mark):
        return Mark.UNDECIDED
    parts: list[Json] = [*text.split(between)] if between else [text]
    run.spend(len(parts))
    return parts


def _select(run: Evaluator, argument: Json, at: Steps) -> Value:
    if not isinstance(argument, list) or len(argument) != 2:
        return run.wrong(at, "Fn::Select takes an index and a list")
    index, values = run.text(argument[0], (*at, 0)), run.resolve(argument[1], (*at, 1))
    if isinstance(index, Mark) or isinstance(values, Mark):
        return Mark.UNDECIDED
    fits = isinstance(values, list) and re.fullmatch("[0-9]{1,6}", index, re.ASCII)
    if not fits or not isinstance(values, list) or int(index) >= len(values):
        return run.wrong(at, f"Fn::Select finds no item {index}")
    return values[int(index)]


def _find_in_map(run: Evaluator, argument: Json, at: Steps) -> Value:
    if not isinstance(argument, list) or len(argument) < 3:
        return run.wrong(at, "Fn::FindInMap takes a map and two keys")
    steps: list[str] = []
    for index, part in enumerate(argument[:3]):
        step = run.text(part, (*at, index))
        if isinstance(step, Mark):
            return Mark.UNDECIDED
        steps.append(step)
    otherwise = as_object(argument[3]).get("DefaultValue") if len(argument) > 3 else None
    found: Json = run.template.body.get("Mappings")
    for step in steps:
        if not isinstance(found, dict) or step not in found:
            if otherwise is not None:
                return run.resolve(otherwise, (*at, 3, "DefaultValue"))
            return run.wrong(at, f"Mappings hold no {' → '.join(steps)}")
        found = found[step]
    return run.resolve(found, ("Mappings", *steps))


def _import_value(run: Evaluator, argument: Json, at: Steps) -> Value:
    name = run.text(argument, at)
    return name if isinstance(name, Mark) else run.import_value(name, at)


def _base64(run: Evaluator, argument: Json, at: Steps) -> Value:
    text = run.text(argument, at)
    return text if isinstance(text, Mark) else base64.b64encode(text.encode()).decode()


def _length(run: Evaluator, argument: Json, at: Steps) -> Value:
    found = run.resolve(argument, at)
    if isinstance(found, Mark):
        return Mark.UNDECIDED
    return len(found) if isinstance(found, list) else run.wrong(at, "Fn::Length takes a list")


def _to_json(run: Evaluator, argument: Json, at: Steps) -> Value:
    found = run.resolve(argument, at)
    return found if isinstance(found, Mark) else run.joined([canonical(found)], at)


_FUNCTIONS: Final[dict[str, _Function]] = {
    "Ref": _ref,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json,
}
