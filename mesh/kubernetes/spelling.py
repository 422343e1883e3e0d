"""Conversion of a Kubernetes spec to the field names and structure of App Mesh's API.

Moved and renamed parts are recorded, so that later problems name their line in the manifest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from mesh.kubernetes.objects import DEFAULT_NAMESPACE, ObjectId, Reference
from mesh.problems.problem import Problem
from mesh.resource import Source, Steps

_REFERENCED: Final = {
    f"{kind.segment}{ending}": kind
    for kind in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_ROUTER, Kind.VIRTUAL_SERVICE)
    for ending in ("Ref", "ARN")
}
_PROVISIONAL: Final = "unnamed"
"""Placeholder for a name that could not be read, so that the rest is still validated."""


def default_name(to: ObjectId) -> str:
    """Return the App Mesh name that Kubernetes' controller gives an object without ``awsName``."""
    if to.kind == Kind.MESH:
        return to.name
    if to.kind == Kind.VIRTUAL_SERVICE:
        return f"{to.name}.{to.namespace}"
    return f"{to.name}_{to.namespace}"


Reshape = Callable[["Spelling", Json, Steps, Steps], tuple[str, Json] | None]
"""Converts one field, given its value, its new position and its position in the manifest."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Differences between one version of the form and the API."""

    renamed: Mapping[str, str]
    """Renamed fields, at any depth."""
    reshaped: Mapping[str, Reshape] = field(default_factory=dict)
    """Fields whose structure differs, too."""


@dataclass(slots=True)
class Spelling:
    """Conversion of one spec, and the problems found in it."""

    dialect: Dialect
    namespace: str
    """Namespace of references that name no namespace."""
    source: Source
    """The manifest, for the positions of problems."""
    places: dict[Steps, Steps] = field(default_factory=dict)
    names: list[tuple[Steps, Reference]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    beside: frozenset[str] = frozenset()
    """Fields of the spec that the API does not have."""

    def value(self, value: Json, at: Steps, stands: Steps) -> Json:
        """Return a value in the API's form.

        ``at`` is the path in the native document, ``stands`` the path in the manifest.
        """
        if isinstance(value, dict):
            return self._object(value, at, stands)
        if isinstance(value, list):
            items = enumerate(value)
            return [self.value(item, (*at, n), (*stands, n)) for n, item in items]
        return value

    def names_at(self, known: list[str], *, at_top: bool = False) -> list[str]:
        """Return the names that these fields of the API have in a manifest, sorted."""
        manifest = {api: name for name, api in self.dialect.renamed.items()}
        names = {manifest.get(name, name) for name in known}
        for kind in _REFERENCED.values():
            if names & {kind.segment, kind.name_field}:
                names -= {kind.segment, kind.name_field}
                names.add(f"{kind.segment}Ref")
        return sorted(names | (self.beside if at_top else frozenset()))

    def _object(self, body: JsonObject, at: Steps, stands: Steps) -> JsonObject:
        spelt: JsonObject = {}
        for key, value in body.items():
            here = (*stands, key)
            if key in _REFERENCED:
                name = self._name_field(_REFERENCED[key], at)
                value = self._referenced(key, value, (*at, name), here)
            elif key in self.dialect.reshaped:
                reshaped = self.dialect.reshaped[key](self, value, at, here)
                if reshaped is None:
                    continue
                name, value = reshaped
            else:
                name = self.dialect.renamed.get(key, key)
                value = self.value(value, (*at, name), here)
            if name in spelt:
                self._twice(name, here)
            if name != key:
                self.places[(*at, name)] = here
            spelt[name] = value
        return spelt

    def _twice(self, name: str, here: Steps) -> None:
        message = f"{here[-1]} repeats another field of the same object"
        self.problems.append(self.source.problem(here, "at-most-one", message, hint="keep one"))

    def _name_field(self, kind: Kind, at: Steps) -> str:
        in_target = "weightedTargets" in at[-2:]
        return kind.segment if in_target else kind.name_field

    def _referenced(self, key: str, value: Json, at: Steps, here: Steps) -> Json:
        kind = _REFERENCED[key]
        if key.endswith("ARN"):
            return self._arn(kind, value, here)
        reference = self.reference(kind, value, here)
        if reference is None:
            return _PROVISIONAL
        self.names.append((at[1:], reference))
        return reference.otherwise

    def reference(self, kind: str, value: Json, here: Steps) -> Reference | None:
        """Return the object that a ``{name, namespace}`` reference names; if the reference is
        invalid, record a problem and return None."""
        body = value if isinstance(value, dict) else {}
        namespace = body.get("namespace")
        if namespace in (None, ""):
            namespace = self.namespace
        return self._refer(kind, body.get("name"), namespace, here)

    def _refer(self, kind: str, name: Json, namespace: Json, here: Steps) -> Reference | None:
        if isinstance(name, str) and name and isinstance(namespace, str):
            to = ObjectId(kind, "" if kind == Kind.MESH else namespace, name)
            return Reference(to, default_name(to))
        message = f"{here[-1]} must name an object"
        hint = "write {name: cart}, with a namespace if it is another one"
        self.problems.append(self.source.problem(here, "missing-name", message, hint=hint))
        return None

    def _arn(self, kind: Kind, value: Json, here: Steps) -> str:
        try:
            key = ResourceKey.parse(value if isinstance(value, str) else "")
        except UsageError:
            key = None
        if key is not None and key.kind is kind:
            return key.name
        message = f"{here[-1]} is not the ARN of a {kind}"
        hint = f"it ends in mesh/NAME/{kind.segment}/NAME"
        self.problems.append(self.source.problem(here, "wrong-pattern", message, hint=hint))
        return _PROVISIONAL


def namespace_of(metadata: JsonObject) -> str:
    """Return the namespace in an object's metadata."""
    namespace = metadata.get("namespace")
    return namespace if isinstance(namespace, str) and namespace else DEFAULT_NAMESPACE
