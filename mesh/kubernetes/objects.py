"""The nouns of the Kubernetes form: objects, what they refer to, and what they will become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mesh.document import Document
from mesh.keys import Kind
from mesh.problem import Problem
from mesh.resource import Source, Steps
from mesh.spec import ResourceSpec
from mesh.spec.common import PortMapping

DEFAULT_NAMESPACE: Final = "default"
"""Where an object lives that names no namespace."""
NAMESPACE: Final = "Namespace"
BACKEND_GROUP: Final = "BackendGroup"
EVERY: Final = "*"
"""The name of a backend group that is all virtual services of its namespace."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectId:
    """What Kubernetes knows an object by. Namespaces and meshes have no namespace."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that is named, and what it is called in App Mesh if it is not in the repository."""

    to: ObjectId
    otherwise: str


Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of ``matchExpressions``; a pair of ``matchLabels`` is an ``In`` with one value."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Labels) -> bool:
        """Tell whether labels satisfy this."""
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
    """Which labels are chosen; an empty one chooses all."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Tell whether labels satisfy every requirement."""
        return all(requirement.holds(labels) for requirement in self.requirements)


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource but for the names that other objects decide."""

    kind: Kind
    name: str
    parent: str
    """Empty where there is none, and for a gateway route, whose gateway is found later."""
    spec: ResourceSpec | None
    """With provisional names where ``names`` says so; None where it could not be read."""
    source: Source
    names: tuple[tuple[Steps, Reference], ...] = ()
    """Places below the spec that hold the App Mesh name of an object."""
    port_of: Reference | None = None
    """The virtual node whose first port a router without listeners takes (v1beta1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """A Kubernetes object that a mesh is made of. Compared by identity: two may say the same."""

    id: ObjectId
    source: Source
    aws_name: str
    """What the object is called in App Mesh."""
    drafts: tuple[Draft, ...] = ()
    mesh: Reference | None = None
    """The mesh it names, where it does."""
    gateway: Reference | None = None
    """The virtual gateway that a gateway route names, where it does."""
    labels: tuple[tuple[str, str], ...] = ()
    namespaces: Selector | None = None
    """Which namespaces a mesh, or a virtual gateway, takes as members."""
    routes: Selector | None = None
    """Which gateway routes a virtual gateway takes, by their own labels."""
    groups: tuple[tuple[ObjectId, Steps], ...] = ()
    """Backend groups that a virtual node calls, and where it says so."""
    members: tuple[Reference, ...] = ()
    """The virtual services of a backend group."""
    port: PortMapping | None = field(default=None)
    """The first listener of a virtual node."""

    @property
    def face(self) -> object:
        """Return all that other objects see of this one."""
        return (
            self.aws_name,
            self.labels if self.id.kind == NAMESPACE else (),
            self.namespaces,
            self.routes,
            self.members,
            self.port,
        )


Readers = Mapping[str, Callable[[Document], tuple[Manifest | None, list[Problem]]]]
"""The kinds of a version of the form, and what reads a document of each; None where nothing can
be made of it."""
