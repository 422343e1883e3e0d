"""Places: where in a document a rule is looking, to say so when it finds something."""

from dataclasses import dataclass

from mesh.problem import Problem, Severity
from mesh.resource import Source, Steps


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a document. ``place / "match" / 0`` is a part of that part."""

    source: Source
    steps: Steps

    def __truediv__(self, step: str | int) -> "Place":
        return Place(self.source, (*self.steps, step))

    def error(self, code: str, message: str, hint: str = "") -> Problem:
        """Return a problem here that stops a commit."""
        return self.source.problem(self.steps, code, message, hint=hint)

    def warning(self, code: str, message: str, hint: str = "") -> Problem:
        """Return a problem here that a person should know of, and that stops nothing."""
        return self.source.problem(self.steps, code, message, hint=hint, severity=Severity.WARNING)
