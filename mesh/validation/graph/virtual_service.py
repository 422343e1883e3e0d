"""Rules for virtual services: the provider exists and has a listener."""

from collections.abc import Iterator

from mesh.graph.finding import Finding, dangling, error, phrase
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import resource_ports
from mesh.graph.references import provider_key
from mesh.keys import Kind
from mesh.resource import Resource
from mesh.spec import VirtualServiceSpec


def check_service(
    graph: MeshGraph, resource: Resource, spec: VirtualServiceSpec
) -> Iterator[Finding]:
    """Yield the problems between a virtual service and its provider."""
    wanted = provider_key(resource.key.mesh, spec)
    if wanted is None:
        return
    steps = ("spec", "provider", wanted.kind.segment, wanted.kind.name_field)
    provider = graph.get(wanted)
    if provider is None:
        yield dangling(resource, steps, wanted, graph.settings)
    elif wanted.kind is Kind.VIRTUAL_NODE and not resource_ports(provider):
        yield error(
            resource,
            steps,
            "no-listener",
            f"{phrase(wanted)} has no listener, so the service cannot be called",
            "give the node a listener, or name another provider",
        )
