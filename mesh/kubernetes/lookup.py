"""Lookups of objects while manifests are resolved to resources; every object that is read is
recorded."""

from typing import Final

from mesh.keys import Kind
from mesh.kubernetes.index import GATEWAYS, MESHES, Index, definitions_of, services_of
from mesh.kubernetes.objects import NAMESPACE, Labels, Manifest, ObjectId, Reference

MAX_CANDIDATES: Final = 200
"""Maximum number of meshes or gateways that selectors are compared with: the cost is their number
times that of the objects."""


class Undecided(Exception):
    """The mesh or gateway of an object is ambiguous or unknown; message and hint say why."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class Lookup:
    """Lookups of one pass over several files, which share results."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._meshes: dict[str, Manifest | Undecided] = {}
        self.seen: set[ObjectId] = set()
        """Every object looked at since this set was last cleared, existing or not."""

    def name(self, reference: Reference) -> str:
        """Return the App Mesh name of an object."""
        found = self.object(reference.to)
        return found.aws_name if found is not None else reference.otherwise

    def object(self, name: ObjectId) -> Manifest | None:
        """Return an object, or None if the repository has no object of that name."""
        self.seen.add(name)
        return self._index.first(name)

    def earlier_definition(self, manifest: Manifest) -> Manifest | None:
        """Return the earlier definition of this object, which takes precedence; else None."""
        self.seen.add(definitions_of(manifest.id))
        first = self._index.first(manifest.id)
        return first if first is not manifest else None

    def services(self, namespace: str) -> tuple[ObjectId, ...]:
        """Return all virtual services of a namespace."""
        whole = services_of(namespace)
        self.seen.add(whole)
        return self._index.collections.get(whole, ())

    def mesh_of(self, manifest: Manifest) -> str:
        """Return the name of the mesh that an object belongs to.

        :raises Undecided: the manifests do not determine it.
        """
        if manifest.id.kind == Kind.MESH:
            return manifest.aws_name
        if manifest.mesh is not None:
            return self.name(manifest.mesh)
        namespace = manifest.id.namespace
        self.seen |= {MESHES, _namespace(namespace)}
        if namespace not in self._meshes:
            self._meshes[namespace] = self._mesh(namespace)
        found = self._meshes[namespace]
        if isinstance(found, Undecided):
            raise found
        return found.aws_name

    def _mesh(self, namespace: str) -> Manifest | Undecided:
        meshes = self._all(MESHES)
        if len(meshes) == 1:
            return meshes[0]
        if not meshes:
            return Undecided(
                f"the mesh of namespace {namespace} is unknown: there is no Mesh",
                "add the Mesh to the repository; a file with meshName alone declares one",
            )
        labels = self._labels(namespace)
        few = meshes[:MAX_CANDIDATES]
        chosen = [m for m in few if m.namespaces is not None and m.namespaces.matches(labels)]
        if len(chosen) == 1 and few == meshes:
            return chosen[0]
        what = "several meshes select" if len(chosen) > 1 else "no mesh selects"
        return Undecided(
            f"{what} namespace {namespace} by namespaceSelector; the meshes are {_listed(meshes)}",
            self._hint(namespace, "meshRef"),
        )

    def gateway_of(self, manifest: Manifest) -> str:
        """Return the name of the virtual gateway that a gateway route belongs to.

        :raises Undecided: the manifests do not determine it.
        """
        if manifest.gateway is not None:
            return self.name(manifest.gateway)
        namespace = manifest.id.namespace
        self.seen |= {GATEWAYS, _namespace(namespace)}
        gateways = self._all(GATEWAYS)
        if len(gateways) == 1:
            return gateways[0].aws_name
        if not gateways:
            raise Undecided("there is no VirtualGateway for it", "add one to the repository")
        labels = self._labels(namespace)
        own = dict(manifest.labels)
        few = gateways[:MAX_CANDIDATES]
        chosen = [gateway for gateway in few if _takes(gateway, labels, own)]
        if len(chosen) == 1 and few == gateways:
            return chosen[0].aws_name
        what = "several gateways select" if len(chosen) > 1 else "no gateway selects"
        raise Undecided(
            f"{what} it by selectors; the gateways are {_listed(gateways)}",
            self._hint(namespace, "virtualGatewayRef"),
        )

    def _all(self, whole: ObjectId) -> list[Manifest]:
        found = (self._index.first(name) for name in self._index.collections.get(whole, ()))
        return [manifest for manifest in found if manifest is not None]

    def _labels(self, namespace: str) -> Labels:
        found = self._index.first(_namespace(namespace))
        said = dict(found.labels) if found is not None else {}
        return {"kubernetes.io/metadata.name": namespace, **said}

    def _hint(self, namespace: str, field: str) -> str:
        name_it = f"name it: {field}: {{name: …}} in the spec"
        if self._index.first(_namespace(namespace)) is not None:
            return f"correct the labels of the Namespace, or {name_it}"
        return f"add the Namespace {namespace} with its labels, or {name_it}"


def _takes(gateway: Manifest, namespace: Labels, route: Labels) -> bool:
    if gateway.namespaces is None or not gateway.namespaces.matches(namespace):
        return False
    return gateway.routes is None or gateway.routes.matches(route)


def _namespace(name: str) -> ObjectId:
    return ObjectId(NAMESPACE, "", name)


def _listed(manifests: list[Manifest]) -> str:
    names = [manifest.id.name for manifest in manifests]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
