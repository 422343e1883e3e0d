"""A small model of App Mesh's rules for resources of one mesh, written from its documentation.

It knows nothing of gitmesh: existence, conflicts, references, use, versions and tags.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Name: TypeAlias = tuple[str, ...]
"""Kind in lower camel case, the parent's name if it has a parent, and its own name."""

PARENT = {"route": "virtualRouter", "gatewayRoute": "virtualGateway"}
MOST_TAGS = 50


class Refused(Exception):
    """The service answers with this error."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Known:
    """A resource."""

    spec: dict[str, Any]
    version: int = 1
    tags: dict[str, str] = field(default_factory=dict)


def references(name: Name, spec: dict[str, Any]) -> set[Name]:
    """Return the resources without which a spec is refused."""
    match name[0]:
        case "route":
            targets = spec["httpRoute"]["action"]["weightedTargets"]
            return {("virtualNode", target["virtualNode"]) for target in targets}
        case "gatewayRoute":
            service = spec["httpRoute"]["action"]["target"]["virtualService"]
            return {("virtualService", service["virtualServiceName"])}
        case "virtualService":
            return {(kind, next(iter(p.values()))) for kind, p in spec.get("provider", {}).items()}
    return set()


class MeshModel:
    """A mesh as App Mesh would keep it. Methods raise :class:`Refused` and change nothing then."""

    def __init__(self) -> None:
        self.resources: dict[Name, Known] = {}

    def create(self, name: Name, spec: dict[str, Any], tags: dict[str, str]) -> Known:
        """Create a resource in what exists already."""
        if name[0] in PARENT and (PARENT[name[0]], name[1]) not in self.resources:
            raise Refused("NotFoundException")
        if name in self.resources:
            raise Refused("ConflictException")
        self._require(references(name, spec))
        self.resources[name] = Known(spec, tags=dict(tags))
        return self.resources[name]

    def update(self, name: Name, spec: dict[str, Any]) -> Known:
        """Give a resource another spec; the same one is no new version."""
        known = self.describe(name)
        self._require(references(name, spec))
        if spec != known.spec:
            known.spec, known.version = spec, known.version + 1
        return known

    def delete(self, name: Name) -> Known:
        """Delete a resource that nothing needs."""
        known = self.describe(name)
        inside = any(PARENT.get(o[0]) == name[0] and o[1] == name[1] for o in self.resources)
        if inside or any(name in references(o, r.spec) for o, r in self.resources.items()):
            raise Refused("ResourceInUseException")
        return self.resources.pop(name) and known

    def describe(self, name: Name) -> Known:
        """Return a resource."""
        self._require({name})
        return self.resources[name]

    def names(self, kind: str, parent: str | None) -> list[str]:
        """Return the names of a collection, sorted."""
        if kind in PARENT:
            self._require({(PARENT[kind], parent or "")})
        return sorted(o[-1] for o in self.resources if o[0] == kind and parent in (None, o[1]))

    def tag(self, name: Name, tags: dict[str, str]) -> None:
        """Add tags or change them."""
        known = self.describe(name)
        if len({**known.tags, **tags}) > MOST_TAGS:
            raise Refused("TooManyTagsException")
        known.tags |= tags

    def untag(self, name: Name, keys: list[str]) -> None:
        """Remove tags; one that is not there is no error."""
        known = self.describe(name)
        known.tags = {key: value for key, value in known.tags.items() if key not in keys}

    def _require(self, names: set[Name]) -> None:
        if names - self.resources.keys():
            raise Refused("NotFoundException")
