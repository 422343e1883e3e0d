"""Findings: problems of one resource, with a hint that may depend on the names in the mesh."""

from dataclasses import dataclass

from mesh.keys import ResourceKey
from mesh.problems.problem import Problem


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that a rule found.

    A hint such as "did you mean cart-v1?" would change whenever a resource is added or removed.
    Therefore a finding contains only the name that was ``wanted``; the hint is made when the
    problem is displayed.
    """

    problem: Problem
    wanted: ResourceKey | None = None
