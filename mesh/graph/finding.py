"""Findings: problems of one resource whose hint may depend on every name there is."""

from dataclasses import dataclass

from mesh.keys import ResourceKey
from mesh.problems.problem import Problem


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    A hint such as "did you mean cart-v1?" would change whenever any resource comes or goes, so it
    is not made here: a finding only says which name was ``wanted``, and the hint is made when
    someone reads the problem.
    """

    problem: Problem
    wanted: ResourceKey | None = None
