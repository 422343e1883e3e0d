"""Rules for virtual nodes: backends exist, and Envoy can distinguish calls to them."""

from collections.abc import Iterator
from dataclasses import dataclass

from mesh.graph.finding import Finding, error, phrase
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.ports import service_ports
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Severity
from mesh.resource import Resource, Steps
from mesh.spec import VirtualNodeSpec
from mesh.spec.common import Protocol


@dataclass(frozen=True, slots=True)
class _Call:
    """A backend with one of its ports."""

    index: int
    service: str
    port: int
    protocol: Protocol

    @property
    def steps(self) -> Steps:
        return ("spec", "backends", self.index, "virtualService", "virtualServiceName")

    @property
    def domains(self) -> frozenset[str]:
        """The domains of the backend in Envoy, which compares them without regard to case."""
        host = self.service.lower()
        return frozenset((host, f"{host}:{self.port}"))


def check_node(graph: MeshGraph, resource: Resource, spec: VirtualNodeSpec) -> Iterator[Finding]:
    """Yield the problems between a virtual node and its backends."""
    calls: dict[int, list[_Call]] = {}
    seen: set[str] = set()
    for index, backend in enumerate(spec.backends or ()):
        if backend.virtual_service is None or backend.virtual_service.virtual_service_name in seen:
            continue
        name = backend.virtual_service.virtual_service_name
        seen.add(name)
        yield from _inactive(graph, resource, index, name)
        for mapping in service_ports(graph, resource.key.mesh, name):
            call = _Call(index, name, mapping.port, mapping.protocol)
            calls.setdefault(call.port, []).append(call)
    for _, on_port in sorted(calls.items()):
        yield from _clashes(resource, on_port)


def _inactive(graph: MeshGraph, resource: Resource, index: int, name: str) -> Iterator[Finding]:
    wanted = ResourceKey.of(Kind.VIRTUAL_SERVICE, resource.key.mesh, name)
    if graph.get(wanted) is None:
        # App Mesh allowed a backend to be named before it existed (aws-app-mesh-examples#97).
        yield Finding(
            resource.source.problem(
                ("spec", "backends", index, "virtualService", "virtualServiceName"),
                "inactive-backend",
                f'there is no {phrase(wanted)} in mesh "{wanted.mesh}"; the backend has no effect '
                "until it exists",
                hint="add the virtual service, or remove the backend",
                severity=Severity.WARNING,
            ),
            wanted,
        )


def _clashes(resource: Resource, calls: list[_Call]) -> Iterator[Finding]:
    first = calls[0]
    for call in calls[1:]:
        if call.protocol != first.protocol:
            # One port is one filter chain, which supports one protocol (aws-app-mesh-roadmap#175).
            yield error(
                resource,
                call.steps,
                "backend-protocol-clash",
                f'backends "{first.service}" and "{call.service}" share port {call.port}, but one '
                f"uses {first.protocol} and the other {call.protocol}",
                "give one of the two virtual services another port",
            )
        elif call.protocol == "tcp":
            # A TCP connection does not identify the backend (aws-app-mesh-roadmap#195).
            yield error(
                resource,
                call.steps,
                "tcp-backends-share-port",
                f'backends "{first.service}" and "{call.service}" both use tcp on port '
                f"{call.port}, and a TCP connection does not show which one is meant",
                "give one of the two virtual services another port",
            )
    yield from _indistinct(resource, [call for call in calls if call.protocol != "tcp"])


def _indistinct(resource: Resource, calls: list[_Call]) -> Iterator[Finding]:
    domains = [call.domains for call in calls]
    if len(frozenset().union(*domains)) == sum(map(len, domains)):
        return  # The usual case.
    owners: dict[str, _Call] = {}
    for call in calls:
        others = [owners[domain] for domain in sorted(call.domains) if domain in owners]
        owners |= dict.fromkeys(call.domains, call)
        if others:
            yield error(
                resource,
                call.steps,
                "indistinct-backends",
                f'Envoy cannot distinguish backend "{call.service}" from "{others[0].service}" on '
                f"port {call.port}: both have the same host name, and host names ignore case",
                "rename one of the two virtual services, or give it another port",
            )
