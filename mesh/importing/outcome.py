"""What an import is told beside the files, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.keys import Kind
from mesh.problem import Problem
from mesh.resource import Resource


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says because the files do not."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of parameters, pseudo parameters (``AWS::Region``) and attributes of resources that
    exist only once deployed (``LoadBalancer.DNSName``)."""
    import_values: Mapping[str, str] = field(default_factory=dict)
    """What other stacks export, by the export's name."""
    mesh: str = ""
    """The mesh of documents that do not name one."""
    kind: Kind | None = None
    """The kind of a bare spec whose shape fits several."""
    name: str = ""
    """The name of a document that has none."""
    parent: str = ""
    """The virtual router of a nameless route, the virtual gateway of a nameless gateway route."""


@dataclass(slots=True)
class Usage:
    """Which answers were of use: one that was not is most likely misspelt."""

    parameters: set[str] = field(default_factory=set)
    import_values: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Imported:
    """What files hold. A resource that is here reads back from its native document unchanged."""

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """How many resources of other types the files hold, by type."""
    unused_parameters: tuple[str, ...] = ()
    """Answers that no file asked for."""
    unused_import_values: tuple[str, ...] = ()
