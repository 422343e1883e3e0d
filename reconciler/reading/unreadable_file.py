"""Problems that may follow from a file that could not be read. Pure.

It is unknown which resources an unparsable file defines. So references to them look dangling,
although the names may be right.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from mesh.problems.document_codes import FILE_CODES
from mesh.problems.problem import Problem, Severity

_UNREAD: Final = frozenset(FILE_CODES) | {
    *("cloudformation-form", "control-character", "key-not-text", "kind-mismatch", "missing-name"),
    *("not-a-resource", "not-an-object", "syntax", "tab", "tag", "template", "too-deep"),
    *("unknown-kind", "symlink"),
}
"""Codes of problems that leave it unknown which resource a document defines."""
_ABSENT: Final = frozenset(
    ("dangling-reference", "gateway-membership", "mesh-membership", "missing-backend-group")
) | {"missing-mesh", "no-matching-instance"}
"""Codes of problems about missing resources."""
_SHOWN: Final = 3


def with_files_that_may_hold_it(problems: Iterable[Problem]) -> list[Problem]:
    """Name the unreadable files in the hint of each problem about a missing resource.

    One of these files may define the resource. Other problems are returned unchanged.
    """
    found = list(problems)
    unread = sorted({each.path for each in found if _hides(each)})
    if not unread:
        return found
    more = f" and {len(unread) - _SHOWN} more files" if len(unread) > _SHOWN else ""
    where = f"it may be in {', '.join(unread[:_SHOWN])}{more}, which could not be read"
    return [_hinted(each, where) if each.code in _ABSENT else each for each in found]


def _hides(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR and problem.code in _UNREAD


def _hinted(problem: Problem, where: str) -> Problem:
    return replace(problem, hint=f"{where}; if not: {problem.hint}" if problem.hint else where)
