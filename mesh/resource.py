"""Resources: specs with their identity and the place in the repository they were read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.problem import Problem, Severity, json_path
from mesh.spec import SPEC_OF, ResourceSpec

Steps = tuple[str | int, ...]
"""A place in a document: ``("spec", "httpRoute", "action", "weightedTargets", 1)``."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document stands: the file, and the line of each of its parts."""

    path: str
    lines: Mapping[Steps, int] = field(default_factory=dict, repr=False, compare=False)
    places: Mapping[Steps, Steps] = field(default_factory=dict, repr=False, compare=False)
    """Where parts of the resource stand in a document that is written in another form.

    What is not named stands beside the nearest part around it that is.
    """

    def place(self, steps: Steps) -> Steps:
        """Return where in the document that part of the resource stands."""
        for depth in range(len(steps), -1, -1) if self.places else ():
            there = self.places.get(steps[:depth])
            if there is not None:
                return (*there, *steps[depth:])
        return steps

    def line(self, steps: Steps) -> int:
        """Return the line of that part, or of the nearest part around it that is there."""
        steps = self.place(steps)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 0)

    def problem(
        self,
        steps: Steps,
        code: str,
        message: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Return a problem at that part of the document."""
        where = json_path(self.place(steps))
        return Problem(self.path, self.line(steps), where, code, message, hint, severity)


@dataclass(frozen=True, slots=True)
class Resource:
    """A spec, whose it is and where it was read. Two resources are equal when key and spec are."""

    key: ResourceKey
    spec: ResourceSpec
    source: Source = field(default=Source(""), compare=False)


def spec_json(spec: ResourceSpec) -> JsonObject:
    """Return the spec in App Mesh's own spelling; what is absent stays absent."""
    return spec.model_dump(mode="json", by_alias=True, exclude_none=True)


def spec_from_json(key: ResourceKey, body: JsonObject) -> ResourceSpec:
    """Read a spec that is known to be good, as the log holds it: the inverse of :func:`spec_json`.

    :raises pydantic.ValidationError: the body was never a spec of this kind.
    """
    return SPEC_OF[key.kind].model_validate(body, by_alias=True, by_name=False)
