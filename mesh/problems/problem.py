"""Problems: mistakes in a repository, as values that are collected and never raised."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Effect of a problem: an error makes its commit invalid, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake to fix. Sorts by position, then code."""

    path: str
    """File in the repository, ``routes/cart.yaml``; empty if no single file is wrong."""
    line: int
    """Line number, from 1; 0 for the whole file."""
    where: str
    """JSON path in the document, ``$.spec.httpRoute.action.weightedTargets[1].virtualNode``."""
    code: str
    """Stable and documented in docs/problems.md: ``dangling-reference``."""
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path or "repository"
        at = f" (at {self.where})" if self.where not in ("", "$") else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{place}: {self.severity}[{self.code}]: {self.message}{at}{hint}"

    def as_json(self) -> dict[str, str | int]:
        """Return the problem in the form of events and of ``--json`` output."""
        return {
            "path": self.path,
            "line": self.line,
            "where": self.where,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "severity": self.severity.value,
        }


@dataclass(frozen=True, slots=True)
class CodeDoc:
    """Documentation of one problem code: its meaning and its remedy."""

    meaning: str
    remedy: str
    severity: Severity = Severity.ERROR


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems that make a commit invalid, sorted."""
    return sorted(p for p in problems if p.severity is Severity.ERROR)


def json_path(steps: Iterable[str | int]) -> str:
    """Return ``$.a.b[1]`` for ``("a", "b", 1)``."""
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)
