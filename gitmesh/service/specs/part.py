"""Folders and files that are only a part of a repository: a push checks them together with the
rest."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gitmesh.queries.log_location import is_repository, repository_around
from mesh.errors import UsageError
from mesh.problems.problem import Problem, errors
from reconciler.directory import is_small, read_directory
from reconciler.reading.tree import SpecTree

MOST_FILES: Final = 2_000
"""A repository with more spec files is read only if the part by itself has problems."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some folders and files of a work tree."""

    top: Path
    """Root of the work tree."""
    names: tuple[str, ...]
    """Paths of the folders and files, relative to ``top``, as in problems."""

    def holds(self, path: str) -> bool:
        """Return whether a file of the repository is in the part."""
        return any(path == name or path.startswith(f"{name}/") for name in self.names)

    def problems(self, whole: SpecTree) -> tuple[Problem, ...]:
        """Return the problems in the files of the part."""
        return tuple(each for each in whole.problems if self.holds(each.path))


def part_of_repository(paths: Sequence[Path]) -> Part | None:
    """Return the paths as a part of their work tree; None for its root, and outside of work
    trees."""
    tops = {None if is_repository(path) else repository_around(path) for path in paths}
    top = tops.pop() if len(tops) == 1 else None
    if top is None or not (top / ".git").exists():
        return None
    inside = (os.path.relpath(path.resolve(), top).replace(os.sep, "/") for path in paths)
    return Part(top, tuple(inside))


def whole_tree(part: Part, alone: SpecTree) -> SpecTree | None:
    """Return the specs of the repository if the part must be checked together with them; else None.

    That is the case if the repository is a valid mesh, or contains resources that the part lacks. A
    folder with a complete mesh among files of another project is checked by itself.

    :param alone: the specs in the part.
    """
    wrong = errors(alone.problems)
    if not wrong and not is_small(part.top, MOST_FILES):
        return None
    try:
        whole = read_directory(part.top)
    except UsageError:
        return None
    if whole.faults or not any(map(part.holds, whole.files)):
        return None
    fewer = len(errors(part.problems(whole))) < len(wrong)
    return whole if fewer or not errors(whole.problems) else None
