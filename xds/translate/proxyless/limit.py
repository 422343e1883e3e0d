"""Warning about a spec feature that a gRPC client does not support: a "limit"."""

from mesh.graph.finding import phrase
from mesh.problems.problem import Problem, Severity
from mesh.resource import Resource, Steps


def limit(resource: Resource, steps: Steps, code: str, message: str) -> Problem:
    """Return the warning at a part of a resource. The documentation of its code has the remedy."""
    place = resource.source.path
    said = message if place else f"{phrase(resource.key)}: {message}"
    return resource.source.problem(steps, code, said, severity=Severity.WARNING)
