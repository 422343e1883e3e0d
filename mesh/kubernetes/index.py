"""Index of the repository's Kubernetes objects, and of the files that depend on each."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from mesh.keys import Kind
from mesh.kubernetes.objects import EVERY, Manifest, ObjectId
from mesh.resource import Resource

MESHES: Final = ObjectId(Kind.MESH, "", EVERY)
"""Id of the set of all meshes, on which a file can depend."""
GATEWAYS: Final = ObjectId(Kind.VIRTUAL_GATEWAY, EVERY, EVERY)


def services_of(namespace: str) -> ObjectId:
    """Return the id of the set of virtual services in a namespace."""
    return ObjectId(Kind.VIRTUAL_SERVICE, namespace, EVERY)


def definitions_of(name: ObjectId) -> ObjectId:
    """Return the id of all definitions of an object."""
    return ObjectId(f"{name.kind}:", name.namespace, name.name)


def native_meshes(resources: Iterable[Resource]) -> tuple[Manifest, ...]:
    """Return the meshes declared in another form; Kubernetes objects may belong to them."""
    return tuple(
        Manifest(ObjectId(Kind.MESH, "", r.key.name), r.source, r.key.name)
        for r in resources
        if r.key.kind is Kind.MESH
    )


@dataclass(frozen=True, slots=True)
class Index:
    """All Kubernetes objects. Immutable; a pure function of the files that define them."""

    objects: Mapping[ObjectId, tuple[Manifest, ...]] = field(default_factory=dict)
    """Definitions of each object, sorted by path; the first one counts."""
    collections: Mapping[ObjectId, tuple[ObjectId, ...]] = field(default_factory=dict)
    """Members of :data:`MESHES`, :data:`GATEWAYS` and :func:`services_of`, sorted."""
    users: Mapping[ObjectId, frozenset[str]] = field(default_factory=dict)
    """Files by the objects that their resources depend on, existing or not."""

    def first(self, name: ObjectId) -> Manifest | None:
        """Return the definition that counts, or None if the object does not exist."""
        found = self.objects.get(name)
        return found[0] if found else None

    def with_uses(
        self, before: Mapping[str, Collection[ObjectId]], after: Mapping[str, Collection[ObjectId]]
    ) -> "Index":
        """Return the index after the dependencies of files have changed."""
        changed: dict[ObjectId, set[str]] = {}
        for uses in (before, after):
            for path, names in uses.items():
                for name in names:
                    paths = changed.setdefault(name, set(self.users.get(name, ())))
                    paths.discard(path) if uses is before else paths.add(path)
        users = dict(self.users)
        for name, paths in changed.items():
            if paths:
                users[name] = frozenset(paths)
            else:
                users.pop(name, None)
        return replace(self, users=users)


EMPTY: Final = Index()


def updated(
    index: Index, paths: Collection[str], old: Iterable[Manifest], new: Iterable[Manifest]
) -> tuple[Index, frozenset[ObjectId]]:
    """Return the index after files have changed, and the ids of all objects that changed with them.

    ``old`` are the objects of those files before, ``new`` after. The cost is proportional to them,
    apart from a flat copy of the index.
    """
    fresh: dict[ObjectId, list[Manifest]] = {manifest.id: [] for manifest in old}
    for manifest in new:
        fresh.setdefault(manifest.id, []).append(manifest)
    objects = dict(index.objects)
    for name, found in fresh.items():
        found += (m for m in objects.pop(name, ()) if m.source.path not in paths)
        found.sort(key=lambda manifest: manifest.source.path)
        if found:
            objects[name] = tuple(found)
    after = replace(index, objects=objects)
    collections, regrouped = _regrouped(index, after, fresh)
    seen = {name for name in fresh if _face(index, name) != _face(after, name)}
    # Drafts depend on the content of meshes and gateways, but only on the existence of services.
    whole = {MESHES for name in seen if name.kind == Kind.MESH}
    whole |= {GATEWAYS for name in seen if name.kind == Kind.VIRTUAL_GATEWAY}
    redefined = {definitions_of(n) for n in fresh if _places(index, n) != _places(after, n)}
    changed = frozenset({*seen, *regrouped, *whole, *redefined})
    return replace(after, collections=collections), changed


def _face(index: Index, name: ObjectId) -> object:
    first = index.first(name)
    return first.face if first is not None else None


def _places(index: Index, name: ObjectId) -> list[tuple[str, str]]:
    found = index.objects.get(name, ())
    return [(manifest.source.path, manifest.aws_name) for manifest in found]


def _whole(name: ObjectId) -> ObjectId | None:
    """Return the id of the collection that an object belongs to, if files can depend on the whole
    collection."""
    match name.kind:
        case Kind.MESH:
            return MESHES
        case Kind.VIRTUAL_GATEWAY:
            return GATEWAYS
        case Kind.VIRTUAL_SERVICE:
            return services_of(name.namespace)
        case _:
            return None


def _regrouped(
    before: Index, after: Index, touched: Iterable[ObjectId]
) -> tuple[Mapping[ObjectId, tuple[ObjectId, ...]], set[ObjectId]]:
    changed: dict[ObjectId, set[ObjectId]] = {}
    for name in touched:
        whole = _whole(name)
        if whole is None or (name in before.objects) == (name in after.objects):
            continue
        members = changed.setdefault(whole, set(before.collections.get(whole, ())))
        members ^= {name}
    if not changed:
        return before.collections, set()
    collections = dict(before.collections)
    for whole, members in changed.items():
        if members:
            collections[whole] = tuple(sorted(members))
        else:
            del collections[whole]
    return collections, set(changed)
