"""Rule: the mesh of every resource is declared."""

from collections.abc import Iterator, Mapping

from mesh.graph.finding import Finding
from mesh.keys import ResourceKey
from mesh.resource import Resource

MOST = 20
"""Maximum resources listed for one missing mesh."""


def missing_meshes(
    resources: Mapping[ResourceKey, Resource], members: Mapping[str, int]
) -> Iterator[Finding]:
    """Yield findings for meshes that have members but no declaration.

    The function reads resources only if something is missing, so it costs nothing in a correct
    mesh.
    """
    missing = {mesh for mesh in members if ResourceKey.of_mesh(mesh) not in resources}
    if not missing:
        return
    homeless: dict[str, list[Resource]] = {}
    for key, resource in resources.items():
        if key.mesh in missing:
            homeless.setdefault(key.mesh, []).append(resource)
    for mesh, found in sorted(homeless.items()):
        found.sort(key=lambda each: (each.source.path, each.source.line(("meshName",)), each.key))
        more = f", as {len(found) - MOST} more resources do" if len(found) > MOST else ""
        for resource in found[:MOST]:
            yield _finding(resource, mesh, more)


def _finding(resource: Resource, mesh: str, more: str) -> Finding:
    return Finding(
        resource.source.problem(
            ("meshName",),
            "missing-mesh",
            f'{resource.key} names mesh "{mesh}", which is not declared{more}',
            hint=f"add a document {{kind: Mesh, meshName: {mesh}}}",
        ),
        ResourceKey.of_mesh(mesh),
    )
