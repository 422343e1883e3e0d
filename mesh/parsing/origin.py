"""Origin of a converted document, so that problems name positions in the original file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.canonical import Json
from mesh.problems.problem import json_path
from mesh.resource import Source, Steps


@dataclass(frozen=True, slots=True)
class Origin(Source):
    """Source of a converted document: maps its parts to positions in the original file."""

    document: Source = field(default=Source(""), compare=False)
    """The original file."""
    places: Mapping[Steps, Steps] = field(default_factory=dict, compare=False, repr=False)
    """Position in the original file of each part of the converted document."""
    title: str = ""
    """The original file's name for the resource, used in messages instead of a long path."""
    depth: int = 0
    """Number of path steps that ``title`` replaces."""

    def line(self, steps: Steps) -> int:
        """Return the original line of a part, or of its nearest known ancestor."""
        return self.document.line(self.place(steps))

    def place(self, steps: Steps) -> Steps:
        """Return the original position of a part, or of its nearest known ancestor."""
        while steps and steps not in self.places:
            steps = steps[:-1]
        return self.places.get(steps, ())

    def where(self, steps: Steps) -> str:
        """Return the original JSON path of a part, after ``title`` if there is one."""
        place = self.place(steps)
        return self.title + json_path(place[self.depth :])[1:] if self.title else json_path(place)


def shifted(value: Json, at: Steps, into: Steps) -> dict[Steps, Steps]:
    """Return the original position of each part of a value moved from ``at`` to ``into``."""
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
