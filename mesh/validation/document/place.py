"""Position of a rule in a document, from which problems are made."""

from dataclasses import dataclass

from mesh.problems.problem import Problem, Severity
from mesh.resource import Source, Steps


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a document. ``place / "match" / 0`` is a position inside it."""

    source: Source
    steps: Steps

    def __truediv__(self, step: str | int) -> "Place":
        return Place(self.source, (*self.steps, step))

    def error(self, code: str, message: str, hint: str = "") -> Problem:
        """Return a problem here that makes the commit invalid."""
        return self.source.problem(self.steps, code, message, hint=hint)

    def warning(self, code: str, message: str, hint: str = "") -> Problem:
        """Return a problem here that leaves the commit valid."""
        return self.source.problem(self.steps, code, message, hint=hint, severity=Severity.WARNING)
