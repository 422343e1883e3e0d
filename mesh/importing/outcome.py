"""Input and result of an import, beside the files themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.keys import Kind
from mesh.problems.problem import Problem
from mesh.resource import Resource


@dataclass(frozen=True, slots=True)
class Answers:
    """The user's answers: values that the files do not contain."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of parameters, pseudo parameters (``AWS::Region``) and attributes that exist only
    after deployment (``LoadBalancer.DNSName``)."""
    import_values: Mapping[str, str] = field(default_factory=dict)
    """Values that other stacks export, by export name."""
    mesh: str = ""
    """Mesh of the documents that name no mesh."""
    kind: Kind | None = None
    """Kind of a spec without names, if its fields fit several kinds."""
    name: str = ""
    """Name of a document without a name."""
    parent: str = ""
    """Virtual router of an unnamed route, or virtual gateway of an unnamed gateway route."""


@dataclass(slots=True)
class Usage:
    """The answers that were used. An unused answer is probably misspelt."""

    parameters: set[str] = field(default_factory=set)
    import_values: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of an import. Each resource reads back unchanged from its native document."""

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Number of other resources in the files, by type."""
    unused_parameters: tuple[str, ...] = ()
    """Answers that no file needed."""
    unused_import_values: tuple[str, ...] = ()
