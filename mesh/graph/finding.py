"""Findings of rules between resources, and the wording that several rules share."""

import re
from dataclasses import dataclass

from mesh.graph.mesh_settings import MeshSettings
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Problem, Severity
from mesh.resource import Resource, Steps
from mesh.spec.common import GatewayPortMapping, PortMapping

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that a rule found.

    A hint such as "did you mean cart-v1?" would change whenever a resource is added or removed.
    Therefore a finding contains only the missing name (``wanted``); the hint is added when the
    problem is displayed.
    """

    problem: Problem
    wanted: ResourceKey | None = None


def kind_words(kind: Kind) -> str:
    """Return a kind as words: ``virtual node``."""
    return _WORD_START.sub(" ", kind.value).lower()


def phrase(key: ResourceKey) -> str:
    """Return a resource as words: ``virtual node "cart"``."""
    return f'{kind_words(key.kind)} "{key.name}"'


def listing(mappings: tuple[PortMapping, ...] | tuple[GatewayPortMapping, ...]) -> str:
    """Return the ports of listeners as text: ``8080 (http), 9090 (tcp)``."""
    return ", ".join(f"{each.port} ({each.protocol})" for each in mappings)


def dangling(
    resource: Resource, steps: Steps, wanted: ResourceKey, settings: MeshSettings
) -> Finding:
    """Return the finding for a reference to a resource that does not exist.

    The finding rejects the commit, unless the settings allow such references.
    """
    allowed = settings.allow_dangling_references
    message = f'there is no {phrase(wanted)} in mesh "{wanted.mesh}"'
    if allowed:
        message += "; until it exists, requests that need it are not answered"
    hint = f"add the {kind_words(wanted.kind)}, or name one that exists"
    problem = resource.source.problem(
        steps,
        "dangling-reference",
        message,
        hint=hint,
        severity=Severity.WARNING if allowed else Severity.ERROR,
    )
    return Finding(problem, wanted)


def error(resource: Resource, steps: Steps, code: str, message: str, hint: str) -> Finding:
    """Return a finding that rejects the commit."""
    return Finding(resource.source.problem(steps, code, message, hint=hint))


def warning(resource: Resource, steps: Steps, code: str, message: str, hint: str) -> Finding:
    """Return a finding that does not reject the commit."""
    problem = resource.source.problem(steps, code, message, hint=hint, severity=Severity.WARNING)
    return Finding(problem)
