"""Types of the Kubernetes form: objects, references between them, and drafts of resources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mesh.keys import Kind
from mesh.parsing.document import Document
from mesh.problems.problem import Problem
from mesh.resource import Source, Steps
from mesh.spec import ResourceSpec
from mesh.spec.common import PortMapping

DEFAULT_NAMESPACE: Final = "default"
"""Namespace of an object that names no namespace."""
NAMESPACE: Final = "Namespace"
BACKEND_GROUP: Final = "BackendGroup"
EVERY: Final = "*"
"""Name of the backend group that contains all virtual services of its namespace."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectId:
    """Kubernetes identity of an object. Namespaces and meshes have no namespace."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an object by name, with the App Mesh name to use if the repository does not
    define it."""

    to: ObjectId
    otherwise: str


Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One item of ``matchExpressions``; an item of ``matchLabels`` is ``In`` with one value."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Labels) -> bool:
        """Return whether labels satisfy this requirement."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector; an empty one selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Return whether labels satisfy every requirement."""
        return all(requirement.holds(labels) for requirement in self.requirements)


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource, complete except for names that other objects define."""

    kind: Kind
    name: str
    parent: str
    """Name of the containing resource. Empty if there is no container, and for a gateway route,
    whose gateway is looked up later."""
    spec: ResourceSpec | None
    """The spec, with provisional names at the positions in ``names``; None if it could not be read.
    """
    source: Source
    names: tuple[tuple[Steps, Reference], ...] = ()
    """Positions in the spec that hold the App Mesh name of an object."""
    port_of: Reference | None = None
    """Virtual node whose first port is used by a router without listeners (v1beta1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """A Kubernetes object that defines part of a mesh. Compared by identity: two may be equal in
    content."""

    id: ObjectId
    source: Source
    aws_name: str
    """App Mesh name of the object."""
    drafts: tuple[Draft, ...] = ()
    mesh: Reference | None = None
    """The mesh that the object names, if any."""
    gateway: Reference | None = None
    """The virtual gateway that a gateway route names, if any."""
    labels: tuple[tuple[str, str], ...] = ()
    namespaces: Selector | None = None
    """Namespaces whose objects belong to this mesh or virtual gateway."""
    routes: Selector | None = None
    """Gateway routes that belong to this virtual gateway, selected by their labels."""
    groups: tuple[tuple[ObjectId, Steps], ...] = ()
    """Backend groups that a virtual node refers to, with the position of each reference."""
    members: tuple[Reference, ...] = ()
    """Virtual services of a backend group."""
    port: PortMapping | None = field(default=None)
    """First listener of a virtual node."""

    @property
    def face(self) -> object:
        """Return those properties of this object that other objects can depend on."""
        return (
            self.aws_name,
            self.labels if self.id.kind == NAMESPACE else (),
            self.namespaces,
            self.routes,
            self.members,
            self.port,
        )


Readers = Mapping[str, Callable[[Document], tuple[Manifest | None, list[Problem]]]]
"""Reader of each kind in one API version. A reader returns None if it cannot read the document."""
