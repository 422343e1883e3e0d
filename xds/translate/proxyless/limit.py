"""A limit: something that a spec says and a gRPC client does not do."""

from mesh.problem import Problem, Severity
from mesh.resource import Resource, Steps
from mesh.rules.wording import phrase


def limit(resource: Resource, steps: Steps, code: str, message: str) -> Problem:
    """Return the warning at that part of a resource. What to do is said by its code."""
    place = resource.source.path
    said = message if place else f"{phrase(resource.key)}: {message}"
    return resource.source.problem(steps, code, said, severity=Severity.WARNING)
