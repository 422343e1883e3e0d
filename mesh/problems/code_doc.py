"""Documentation of a problem code: its meaning and its remedy."""

from dataclasses import dataclass

from mesh.problems.problem import Severity


@dataclass(frozen=True, slots=True)
class CodeDoc:
    """Documentation of one problem code."""

    meaning: str
    remedy: str
    severity: Severity = Severity.ERROR
