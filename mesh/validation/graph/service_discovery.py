"""Rules for nodes with Cloud Map discovery: at least one registered instance matches."""

from collections.abc import Iterator

from mesh.graph.finding import Finding
from mesh.graph.instances import matching
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import instances_key
from mesh.problems.problem import Severity
from mesh.resource import Resource
from mesh.spec import VirtualNodeSpec

_AT = ("spec", "serviceDiscovery", "awsCloudMap")


def check_discovery(
    graph: MeshGraph, resource: Resource, spec: VirtualNodeSpec
) -> Iterator[Finding]:
    """Yield the problems that keep callers from finding instances of a node."""
    wanted = instances_key(resource.key.mesh, spec)
    discovery = None if spec.service_discovery is None else spec.service_discovery.aws_cloud_map
    if wanted is None or discovery is None:
        return
    service = f'"{wanted.name}" in namespace "{wanted.parent}"'
    registered = graph.instances(wanted)
    if registered is None:
        if discovery.attributes:
            problem = resource.source.problem(
                (*_AT, "attributes"),
                "unfiltered-instances",
                f"there is no ServiceInstances document for {service}, so its instances are found "
                "by DNS, which has no attributes: all of them count as instances of this node",
                hint="add the document to the repository, or give the node a name of its own",
                severity=Severity.WARNING,
            )
            yield Finding(problem, wanted)
    elif not matching(discovery, registered):
        problem = resource.source.problem(
            _AT,
            "no-matching-instance",
            f"no instance of {service} has all attributes that the node requires; its callers are "
            "answered with 503 until one has them",
            hint="compare the attributes with those of the ServiceInstances document",
            severity=Severity.WARNING,
        )
        yield Finding(problem)
