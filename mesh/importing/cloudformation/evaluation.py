"""Evaluate the values of a template, as CloudFormation does when it creates a stack.

Some values are known only after deployment: a problem requests each of them once, by name.
"""

from collections.abc import Mapping
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.importing.cloudformation import intrinsics
from mesh.importing.cloudformation.template import Template
from mesh.importing.cloudformation.values import MAX_TEXT, MAX_WORK, Mark, TooMuch, Value
from mesh.importing.outcome import Answers, Usage
from mesh.importing.shape import as_text
from mesh.importing.spelling import from_cloudformation
from mesh.parsing.scalars import resolve as scalar
from mesh.problems.problem import Problem, Severity
from mesh.problems.suggestion import did_you_mean
from mesh.resource import Steps

_DYNAMIC: Final = "{{resolve:"
_PARTITIONS: Final = ("cn-", "us-gov-")
"""Prefixes of the regions that have a partition of their own: cn-north-1 is in aws-cn."""


class Evaluation:
    """Evaluation of one template with the given answers. Collects problems and never raises them.

    :raises TooMuch: by :meth:`resolve` and its callers, when the template exceeds the work limit.
    """

    def __init__(
        self, template: Template, answers: Answers, usage: Usage, exports: Mapping[str, str]
    ) -> None:
        self.template = template
        self.problems: list[Problem] = []
        self.undecided = 0
        """Number of values so far that could not be evaluated."""
        self._answers = answers
        self._usage = usage
        self._exports = exports
        self._asked: set[str] = set()
        self._parameters: dict[str, Value] = {}
        self._conditions: dict[str, bool | None] = {}
        self._names: dict[str, Value] = {}
        self._open: set[str] = set()
        """Names and conditions whose evaluation has begun, to detect circular definitions."""
        self._work = 0

    def resolve(
        self,
        value: Json,
        at: Steps,
        into: Steps | None = None,
        places: dict[Steps, Steps] | None = None,
    ) -> Value:
        """Return the evaluated value.

        ``at`` is its position in the template. If ``places`` is given, the result becomes part of a
        document at ``into``: keys get App Mesh's spelling, and the position of each part is
        recorded.
        """
        self.spend(1)
        if places is not None and into is not None:
            places[into] = at
        if isinstance(value, dict):
            name = intrinsics.function_named(value)
            if name is not None:
                return intrinsics.call(self, name, value[name], (*at, name), into, places)
            return self._object(value, at, into, places)
        if isinstance(value, list):
            return self._list(value, at, into, places)
        if isinstance(value, str) and _DYNAMIC in value:
            return self.stuck(
                at, f"{value!r} is resolved when the stack is created", "write it out"
            )
        return value

    def _object(
        self, value: JsonObject, at: Steps, into: Steps | None, places: dict[Steps, Steps] | None
    ) -> Value:
        result: JsonObject = {}
        for key, part in value.items():
            name = key if places is None else from_cloudformation(key)
            if name in result:
                self.wrong(at, f'"{key}" is given twice, in two spellings', "remove one of them")
                continue
            inner = None if into is None else (*into, name)
            found = self.resolve(part, (*at, key), inner, places)
            if not isinstance(found, Mark):
                result[name] = found
        return result

    def _list(
        self, value: list[Json], at: Steps, into: Steps | None, places: dict[Steps, Steps] | None
    ) -> Value:
        result: list[Json] = []
        for index, part in enumerate(value):
            inner = None if into is None else (*into, len(result))
            found = self.resolve(part, (*at, index), inner, places)
            if found is Mark.UNDECIDED and places is None:
                return Mark.UNDECIDED
            if not isinstance(found, Mark):
                result.append(found)
        return result

    def text(self, value: Json, at: Steps) -> str | Mark:
        """Return the evaluated value as text."""
        found = self.resolve(value, at)
        if isinstance(found, Mark):
            return found
        text = as_text(found)
        if isinstance(text, str):
            return text
        return self.wrong(at, "this must be text, not an object or a list")

    def spend(self, amount: int) -> None:
        """Count work against the limit of one template.

        :raises TooMuch: the limit is exceeded; no real template needs that much.
        """
        self._work += amount
        if self._work > MAX_WORK:
            raise TooMuch

    def joined(self, parts: list[str], at: Steps, between: str = "") -> str | Mark:
        """Return the joined texts, or record a problem if the result exceeds the size limit."""
        size = sum(map(len, parts)) + len(between) * max(len(parts) - 1, 0)
        if size > MAX_TEXT:
            return self.stuck(at, f"a text of {size} characters", f"it may have {MAX_TEXT}")
        return between.join(parts)

    def wrong(self, at: Steps, message: str, hint: str = "") -> Mark:
        """Record an error in the template at this position."""
        self._note(at, "import-template", message, hint)
        return Mark.UNDECIDED

    def stuck(self, at: Steps, message: str, hint: str = "") -> Mark:
        """Record that a value cannot be evaluated from the template alone."""
        self._note(at, "import-undecided", message, hint)
        return Mark.UNDECIDED

    def warn(self, at: Steps, code: str, message: str, hint: str = "") -> None:
        """Record a warning; it does not end the import."""
        source = self.template.source
        problem = source.problem(at, code, message, hint=hint, severity=Severity.WARNING)
        self.problems.append(problem)

    def _note(self, at: Steps, code: str, message: str, hint: str) -> None:
        self.undecided += 1
        problem = self.template.source.problem(at, code, message, hint=hint)
        if problem not in self.problems:
            self.problems.append(problem)

    def ask(self, name: str, message: str, at: Steps) -> Value:
        """Return the user's answer for a name; without one, record that it is needed."""
        if name in self._answers.parameters:
            self._usage.parameters.add(name)
            return self._answers.parameters[name]
        self.undecided += 1
        if name not in self._asked:
            self._asked.add(name)
            self._note(at, "import-parameter", message, f"give it: --param '{name}=…'")
        return Mark.UNDECIDED

    def import_value(self, name: str, at: Steps) -> Value:
        """Return the value that another stack exports under a name."""
        if name in self._answers.import_values:
            self._usage.import_values.add(name)
            return self._answers.import_values[name]
        if name in self._exports:
            return self._exports[name]
        self.undecided += 1
        if (asked := f"export {name}") not in self._asked:
            self._asked.add(asked)
            message = f'"{name}" is exported by another stack'
            hint = (
                f"give it: --import-value '{name}=…', or import that stack's template together "
                "with this one"
            )
            self._note(at, "import-value", message, f"{hint} one")
        return Mark.UNDECIDED

    def reference(self, name: str, at: Steps) -> Value:
        """Return the value of ``Ref`` of a name."""
        template = self.template
        if name == "AWS::NoValue":
            return Mark.NO_VALUE
        if name in ("AWS::Partition", "AWS::URLSuffix"):
            return self._of_region(name, at)
        if name.startswith("AWS::"):
            return self.ask(name, f"{name} depends on where the stack is created", at)
        if name in template.section("Parameters"):
            return self.parameter(name)
        if template.kind(name) is not None:
            said = f"Ref of {name} is an ARN in CloudFormation; the import uses the name"
            self.warn(
                at,
                "import-ref",
                said,
                f"write {name}.{template.own_name_property(name)} to make this explicit",
            )
            return self.name_of(name, at)
        if name in template.section("Resources"):
            return self.ask(
                name,
                f"Ref of {name} is known only after the {template.type_of(name)} is created",
                at,
            )
        known = [*template.section("Parameters"), *template.section("Resources")]
        return self.wrong(at, f'the template has no "{name}"', did_you_mean(name, known))

    def _of_region(self, name: str, at: Steps) -> Value:
        if name in self._answers.parameters:
            return self.ask(name, "", at)
        region = self.ask(
            "AWS::Region",
            f"AWS::Region, and with it {name}, depends on where the stack is created",
            at,
        )
        if not isinstance(region, str):
            return region
        apart = next((prefix for prefix in _PARTITIONS if region.startswith(prefix)), "")
        if name == "AWS::Partition":
            return f"aws-{apart}".rstrip("-")
        return "amazonaws.com.cn" if apart == "cn-" else "amazonaws.com"

    def parameter(self, name: str) -> Value:
        """Return the value of a parameter: the user's answer, else its default."""
        if name not in self._parameters:
            self._parameters[name] = self._parameter(name)
        elif self._parameters[name] is Mark.UNDECIDED:
            self.undecided += 1  # already counted when it was first needed
        return self._parameters[name]

    def _parameter(self, name: str) -> Value:
        declared = self.template.section("Parameters")[name]
        place: Steps = ("Parameters", name)
        looked_up = str(declared.get("Type", "")).startswith("AWS::SSM::Parameter::Value")
        given = name in self._answers.parameters
        default = as_text(declared.get("Default"))
        if given or looked_up or not isinstance(default, str):
            value = self.ask(name, f"the parameter {name} has no value", place)
        else:
            value = default
        if not isinstance(value, str):
            return value
        return self._typed(name, value, declared, place)

    def _typed(self, name: str, value: str, declared: JsonObject, place: Steps) -> Value:
        allowed = declared.get("AllowedValues")
        if isinstance(allowed, list) and value not in (choices := [as_text(a) for a in allowed]):
            words = ", ".join(map(str, choices))
            return self.wrong(place, f"{name} cannot be {value!r}", f"it is one of {words}")
        kind = str(declared.get("Type", "String"))
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            parts: list[Json] = [part.strip() for part in value.split(",")]
            self.spend(len(parts))
            return parts
        return scalar(value) if kind == "Number" else value

    def attribute(self, logical_id: str, attribute: str, at: Steps) -> Value:
        """Return the value of ``Fn::GetAtt``."""
        template = self.template
        if logical_id not in template.section("Resources"):
            hint = did_you_mean(logical_id, template.section("Resources"))
            return self.wrong(at, f'the template has no resource "{logical_id}"', hint)
        if attribute == template.own_name_property(logical_id) and template.kind(logical_id):
            return self.name_of(logical_id, at)
        registered = template.type_of(logical_id) == "AWS::ServiceDiscovery::Service"
        properties = template.properties(logical_id)
        own = template.is_name(logical_id, attribute) or (registered and attribute == "Name")
        if own and attribute in properties:
            return self.text(
                properties[attribute], ("Resources", logical_id, "Properties", attribute)
            )
        asked = f"{logical_id}.{attribute}"
        return self.ask(asked, f"{asked} is known only after the stack is created", at)

    def name_of(self, logical_id: str, at: Steps) -> Value:
        """Return the name of an App Mesh resource: its name property, else its logical id."""
        if logical_id not in self._names:
            if logical_id in self._open:
                return self.wrong(at, f"the name of {logical_id} depends on itself")
            self._open.add(logical_id)
            self._names[logical_id] = self._name_of(logical_id)
            self._open.remove(logical_id)
        elif self._names[logical_id] is Mark.UNDECIDED:
            self.undecided += 1  # the reason was reported when it was evaluated
        return self._names[logical_id]

    def _name_of(self, logical_id: str) -> Value:
        name = self.template.own_name_property(logical_id)
        place: Steps = ("Resources", logical_id, "Properties")
        written = self.template.properties(logical_id).get(name)
        found = Mark.NO_VALUE if written is None else self.text(written, (*place, name))
        if found is not Mark.NO_VALUE:
            return found
        message = (
            f"{logical_id} has no {name}: CloudFormation would generate one; the import "
            "uses the logical id"
        )
        self.warn(
            place,
            "import-name-made",
            message,
            f"write {name} if its proxies use a generated name",
        )
        return logical_id

    def condition(self, name: str, at: Steps) -> bool | None:
        """Return whether a condition holds; None if it cannot be evaluated."""
        if name not in self._conditions:
            written = self.template.conditions.get(name)
            if written is None:
                self.wrong(at, f'the template has no condition "{name}"')
                return None
            if f"condition {name}" in self._open:
                self.wrong(at, f'the condition "{name}" depends on itself')
                return None
            self._open.add(f"condition {name}")
            self._conditions[name] = intrinsics.truth(self, written, ("Conditions", name))
            self._open.remove(f"condition {name}")
        elif self._conditions[name] is None:
            self.undecided += 1  # the reason was reported when it was evaluated
        return self._conditions[name]
