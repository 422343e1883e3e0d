"""Problems of a repository, as far as a caller may see them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gitmesh.access.permission import Permission
from mesh.keys import ResourceKey
from mesh.problems.codes import CODES, SECTIONS
from mesh.problems.problem import Problem
from reconciler.reading.file import SpecFile

_REFERENCES: Final = frozenset(SECTIONS["References between resources"])
"""Codes of problems whose hints name similar resources, even in other meshes."""


@dataclass(frozen=True, slots=True)
class VisibleProblems:
    """The problems that a caller may see."""

    shown: tuple[Problem, ...]
    some_hidden: bool
    """True if there are problems that the caller may not see. Their number is not revealed."""


def visible_problems(
    problems: Sequence[Problem], files: Mapping[str, SpecFile], permission: Permission
) -> VisibleProblems:
    """Return the problems in those files of which the caller may read all resources.

    For callers who may read only part of a mesh, each message is replaced by the meaning of its
    code, because a message may name resources outside its file.
    """
    if permission.reads_all:
        return VisibleProblems(tuple(problems), some_hidden=False)
    shown = []
    for problem in problems:
        keys = _keys(files.get(problem.path))
        if keys and permission.may_read_all(keys):
            shown.append(_without_others(problem, keys, permission))
    return VisibleProblems(tuple(shown), len(shown) < len(problems))


def _keys(file: SpecFile | None) -> frozenset[ResourceKey]:
    if file is None:
        return frozenset()
    return frozenset({*(resource.key for resource in file.resources), *file.unread})


def _without_others(problem: Problem, keys: Iterable[ResourceKey], who: Permission) -> Problem:
    if not all(who.reads_mesh(key.mesh) for key in keys):
        return replace(problem, message=_meaning(problem.code), hint="")
    return replace(problem, hint="") if problem.code in _REFERENCES else problem


def _meaning(code: str) -> str:
    return CODES[code].meaning if code in CODES else code
