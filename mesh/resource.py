"""Resources: specs with their key and their position in the repository."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem, Severity, json_path
from mesh.spec import SPEC_OF, ResourceSpec

Steps = tuple[str | int, ...]
"""A path in a document: ``("spec", "httpRoute", "action", "weightedTargets", 1)``."""


@dataclass(frozen=True, slots=True)
class Source:
    """Position of a document: its file, and the line of each part."""

    path: str
    lines: Mapping[Steps, int] = field(default_factory=dict, repr=False, compare=False)
    places: Mapping[Steps, Steps] = field(default_factory=dict, repr=False, compare=False)
    """Positions of the resource's parts in a document of another format.

    A part that is not listed has the position of its nearest listed ancestor.
    """

    def place(self, steps: Steps) -> Steps:
        """Return the position of a part in the document."""
        for depth in range(len(steps), -1, -1) if self.places else ():
            there = self.places.get(steps[:depth])
            if there is not None:
                return (*there, *steps[depth:])
        return steps

    def line(self, steps: Steps) -> int:
        """Return the line of a part, or of its nearest ancestor that exists."""
        steps = self.place(steps)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 0)

    def where(self, steps: Steps) -> str:
        """Return the JSON path of a part."""
        return json_path(self.place(steps))

    def problem(
        self,
        steps: Steps,
        code: str,
        message: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Return a problem at a part of the document."""
        return Problem(
            self.path, self.line(steps), self.where(steps), code, message, hint, severity
        )


@dataclass(frozen=True, slots=True)
class Resource:
    """A spec with its key and source. Resources are equal if key and spec are."""

    key: ResourceKey
    spec: ResourceSpec
    source: Source = field(default=Source(""), compare=False)


def spec_json(spec: ResourceSpec) -> JsonObject:
    """Return the spec with App Mesh's field names; absent fields stay absent."""
    return spec.model_dump(mode="json", by_alias=True, exclude_none=True)


def spec_from_json(key: ResourceKey, body: JsonObject) -> ResourceSpec:
    """Return the spec of a body that :func:`spec_json` wrote.

    :raises pydantic.ValidationError: the body is not a spec of this kind.
    """
    return SPEC_OF[key.kind].model_validate(body, by_alias=True, by_name=False)
