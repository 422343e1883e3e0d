"""What stands behind a problem code: its meaning and what to do about it."""

from dataclasses import dataclass

from mesh.problems.problem import Severity


@dataclass(frozen=True, slots=True)
class CodeDoc:
    """What a person reads about a problem code."""

    meaning: str
    remedy: str
    severity: Severity = Severity.ERROR
