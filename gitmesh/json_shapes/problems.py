"""JSON shape of a problem: a mistake in a repository."""

from collections.abc import Iterable
from typing import TypedDict

from mesh.problems.problem import Problem


class ProblemShape(TypedDict):
    """One mistake to fix: see :class:`mesh.problems.problem.Problem`."""

    path: str
    line: int
    where: str
    code: str
    message: str
    hint: str
    severity: str


class ProblemsShape(TypedDict):
    """Answer of a command that could not do its work because of problems."""

    problems: list[ProblemShape]


def problem_shapes(problems: Iterable[Problem]) -> list[ProblemShape]:
    """Return problems in the order given."""
    return [
        {
            "path": each.path,
            "line": each.line,
            "where": each.where,
            "code": each.code,
            "message": each.message,
            "hint": each.hint,
            "severity": each.severity.value,
        }
        for each in problems
    ]
