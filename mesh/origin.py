"""Origins: where a converted document comes from, part by part, so problems name the original."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.canonical import Json
from mesh.problem import Problem, Severity, json_path
from mesh.resource import Source, Steps


@dataclass(frozen=True, slots=True)
class Origin(Source):
    """The source of a document that was converted: its parts stand elsewhere in the file."""

    document: Source = field(default=Source(""), compare=False)
    """The file as it was written."""
    places: Mapping[Steps, Steps] = field(default_factory=dict, compare=False, repr=False)
    """Where in the file each part of the converted document was written."""
    title: str = ""
    """What the file calls the resource, where the steps to it say nothing to a person."""
    depth: int = 0
    """How many steps lead to what ``title`` names."""

    def line(self, steps: Steps) -> int:
        """Return the line in the file of that part, or of the nearest part around it."""
        return self.document.line(self.place(steps))

    def place(self, steps: Steps) -> Steps:
        """Return the steps in the file to that part, or to the nearest part around it."""
        while steps and steps not in self.places:
            steps = steps[:-1]
        return self.places.get(steps, ())

    def problem(
        self,
        steps: Steps,
        code: str,
        message: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Return a problem at that part, told at the place in the file it was written."""
        place = self.place(steps)
        line, where = self.document.line(place), json_path(place)
        if self.title:
            where = self.title + json_path(place[self.depth :])[1:]
        return Problem(self.path, line, where, code, message, hint, severity)


def shifted(value: Json, at: Steps, into: Steps) -> dict[Steps, Steps]:
    """Return where each part of a value stands that is moved whole: from ``at`` to ``into``."""
    places: dict[Steps, Steps] = {}
    stack: list[tuple[Json, Steps]] = [(value, ())]
    while stack:
        part, steps = stack.pop()
        places[into + steps] = at + steps
        if isinstance(part, dict):
            stack += [(inner, (*steps, key)) for key, inner in part.items()]
        elif isinstance(part, list):
            stack += [(inner, (*steps, index)) for index, inner in enumerate(part)]
    return places
