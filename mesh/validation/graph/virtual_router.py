"""Rules for virtual routers: they have a listener, and every route is reachable."""

from collections.abc import Iterator

from mesh.graph.finding import Finding, error
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import routes_on
from mesh.resource import Resource
from mesh.spec import VirtualRouterSpec
from mesh.validation.graph.shadow import check_shadows


def check_router(
    graph: MeshGraph, resource: Resource, spec: VirtualRouterSpec
) -> Iterator[Finding]:
    """Yield the problems with a virtual router's listeners and between its routes."""
    if not spec.listeners:
        # App Mesh once took the port from the targets; if they differed, traffic was lost
        # (aws-app-mesh-examples#93). So the port is required here.
        yield error(
            resource,
            ("spec", "listeners"),
            "no-listener",
            "the virtual router has no listener, so it cannot be called",
            "add listeners: [{portMapping: {port: 8080, protocol: http}}], with the port that "
            "callers use",
        )
    for port in sorted({listener.port_mapping.port for listener in spec.listeners or ()}):
        yield from check_shadows(routes_on(graph, resource.key, port))
