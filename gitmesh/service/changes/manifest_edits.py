"""Edits of Kubernetes manifests: one resource is changed; comments and order of the rest stay.

The meaning of a manifest depends on other manifests, so the caller reads the result again and
compares.
"""

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.kubernetes.objects import Draft, Manifest
from mesh.kubernetes.rewriting import VERSION, Rewriting
from mesh.kubernetes.spelling import namespace_of
from mesh.resource import Resource
from mesh.tidy.replacing import NotReplaceable, with_object
from reconciler.reading.tree import SpecTree


def manifest_of(tree: SpecTree, resource: Resource) -> Manifest | None:
    """Return the manifest that defines a resource; None if another document does."""
    reading = tree.files[resource.source.path].reading
    manifests = reading.manifests if reading is not None else ()
    return next((m for m in manifests if any(_is(d, resource.key) for d in m.drafts)), None)


def set_manifest_spec(
    tree: SpecTree, manifest: Manifest, blob: bytes, key: ResourceKey, spec: JsonObject | None
) -> bytes | None:
    """Return the file with another spec of a resource; None if the file would be empty.

    :param spec: in the form of App Mesh's API; None if the resource is removed.
    :raises NotReplaceable: the manifest has a format that gitmesh cannot edit.
    """

    def changed(body: JsonObject) -> JsonObject | None:
        if body.get("apiVersion") != VERSION:
            raise NotReplaceable(
                f"{key} is defined by a manifest of {body.get('apiVersion')}",
                hint="change it there by hand",
            )
        if spec is None and key.kind is not Kind.ROUTE:
            return None
        rewriting = Rewriting(key.mesh, manifest.id.namespace, tree.index)
        written = body.get("spec")
        old = written if isinstance(written, dict) else {}
        if key.kind is not Kind.ROUTE:
            assert spec is not None  # noqa: S101 -- see above
            return {**body, "spec": rewriting.spec(key.kind, spec, old)}
        routes = old.get("routes")
        found = _routes(routes if isinstance(routes, list) else [], key, spec, rewriting)
        return {**body, "spec": {**old, "routes": found}}

    return with_object(manifest.source.path, blob, lambda body: _names(body, manifest), changed)


def _routes(
    routes: list[Json], key: ResourceKey, spec: JsonObject | None, rewriting: Rewriting
) -> list[Json]:
    found: list[Json] = []
    for route in routes:
        if not isinstance(route, dict) or route.get("name") != key.name:
            found.append(route)
        elif spec is not None:
            found.append(rewriting.spec(Kind.ROUTE, spec, route))
    return found


def _is(draft: Draft, key: ResourceKey) -> bool:
    return (draft.kind, draft.name) == (key.kind, key.name) and draft.parent in ("", key.parent)


def _names(body: JsonObject, manifest: Manifest) -> bool:
    metadata = body.get("metadata")
    if body.get("kind") != manifest.id.kind or not isinstance(metadata, dict):
        return False
    namespace = "" if manifest.id.kind == Kind.MESH else namespace_of(metadata)
    return (metadata.get("name"), namespace) == (manifest.id.name, manifest.id.namespace)
