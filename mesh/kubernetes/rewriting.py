"""A spec of App Mesh's API in the field names and structure of a ``v1beta2`` manifest.

The reverse of :mod:`mesh.kubernetes.spelling`. References that a manifest has already keep the form
in which they are written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.kubernetes.index import Index
from mesh.kubernetes.lookup import Lookup, Undecided
from mesh.kubernetes.objects import Manifest, ObjectId, Reference
from mesh.kubernetes.spelling import default_name

VERSION: Final = "appmesh.k8s.aws/v1beta2"
_RENAMED: Final = {
    "certificateArn": "certificateARN",
    "certificateAuthorityArns": "certificateAuthorityARNs",
}
_NAMING: Final = {
    "virtualNode": Kind.VIRTUAL_NODE,
    "virtualNodeName": Kind.VIRTUAL_NODE,
    "virtualRouterName": Kind.VIRTUAL_ROUTER,
    "virtualServiceName": Kind.VIRTUAL_SERVICE,
}
"""Fields of the API that contain the name of another resource."""
_REFERRING: Final = {kind.segment: kind for kind in set(_NAMING.values())}
_ARN: Final = "arn:aws:appmesh:us-east-1:000000000000:"
"""Beginning of an ARN in a manifest: only the names at its end count."""
_BESIDE: Final = frozenset(
    {
        *("awsName", "meshRef", "meshOwner", "namespaceSelector", "podSelector", "backendGroups"),
        *("routes", "gatewayRouteSelector", "virtualGatewayRef", "name"),
    }
)
"""Fields of a manifest's spec that the API lacks."""


@dataclass(slots=True)
class Rewriting:
    """Context in which a manifest is written: its mesh, its namespace and the other objects."""

    mesh: str
    namespace: str
    index: Index
    _written: dict[tuple[Kind, str], tuple[str, Json]] = field(default_factory=dict)

    def spec(self, kind: Kind, spec: JsonObject, written: JsonObject) -> JsonObject:
        """Return a spec in the form of a manifest.

        :param written: the existing spec in the manifest, or one of a router's existing routes.
        """
        self._written = dict(self._references(written))
        kept = {name: value for name, value in written.items() if name in _BESIDE}
        spelt = self._object(spec)
        if kind is Kind.MESH and "serviceDiscovery" in spelt:
            spelt["meshServiceDiscovery"] = spelt.pop("serviceDiscovery")
        return {**kept, **spelt}

    def _value(self, value: Json) -> Json:
        if isinstance(value, dict):
            return self._object(value)
        return [self._value(item) for item in value] if isinstance(value, list) else value

    def _object(self, body: JsonObject) -> JsonObject:
        spelt: JsonObject = {}
        for name, value in body.items():
            if name in _NAMING and isinstance(value, str):
                field_, reference = self._reference(_NAMING[name], value)
                spelt[field_] = reference
            else:
                spelt[_RENAMED.get(name, name)] = self._value(value)
        return spelt

    def _reference(self, kind: Kind, name: str) -> tuple[str, Json]:
        if (kind, name) in self._written:
            return self._written[kind, name]
        lookup = Lookup(self.index)
        for to, manifests in sorted(self.index.objects.items()):
            if (
                to.kind == kind
                and manifests[0].aws_name == name
                and self._ours(lookup, manifests[0])
            ):
                elsewhere = to.namespace != self.namespace
                named: JsonObject = {"name": to.name}
                return f"{kind.segment}Ref", named | (
                    {"namespace": to.namespace} if elsewhere else {}
                )
        return f"{kind.segment}ARN", f"{_ARN}{ResourceKey.of(kind, self.mesh, name)}"

    def _ours(self, lookup: Lookup, manifest: Manifest) -> bool:
        try:
            return lookup.mesh_of(manifest) == self.mesh
        except Undecided:
            return False

    def _references(self, value: Json) -> Iterator[tuple[tuple[Kind, str], tuple[str, Json]]]:
        """Yield the references in a part of a manifest, by the resource that they name."""
        if isinstance(value, list):
            for item in value:
                yield from self._references(item)
        for name, part in value.items() if isinstance(value, dict) else ():
            kind = _REFERRING.get(name[:-3]) if name.endswith(("Ref", "ARN")) else None
            found = None if kind is None else self._named(kind, part)
            if kind is not None and found is not None:
                yield (kind, found), (name, part)
            else:
                yield from self._references(part)

    def _named(self, kind: Kind, value: Json) -> str | None:
        if isinstance(value, str):
            return ResourceKey.parse(value).name
        name = value.get("name") if isinstance(value, dict) else None
        if not isinstance(name, str) or not isinstance(value, dict):
            return None
        namespace = value.get("namespace") or self.namespace
        to = ObjectId(kind, str(namespace), name)
        return Lookup(self.index).name(Reference(to, default_name(to)))
