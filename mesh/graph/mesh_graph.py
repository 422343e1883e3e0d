"""The linked mesh: resources, the references between them, and the problems of these references."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from mesh.graph.finding import Finding
from mesh.graph.mesh_settings import NO_SETTINGS, MeshSettings
from mesh.graph.missing_mesh import missing_meshes
from mesh.graph.name_hints import Names
from mesh.graph.references import parent_of
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Problem
from mesh.resource import Resource
from mesh.spec import (
    MeshSpec,
    ServiceInstancesSpec,
    VirtualGatewaySpec,
    VirtualNodeSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
)

_NOBODY: frozenset[ResourceKey] = frozenset()
_WITH_PROXY = (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY)


@dataclass(frozen=True)
class MeshGraph:
    """All resources with their relations. Immutable; the mesh may have problems.

    All content is a function of ``resources`` and ``settings``, not of the steps that built the
    graph. Two graphs are equal if these two are. The order of ``resources`` has no meaning: sort
    where order matters.
    """

    resources: Mapping[ResourceKey, Resource] = field(default_factory=dict)
    settings: MeshSettings = NO_SETTINGS
    _children: Mapping[ResourceKey, tuple[Resource, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Routes by virtual router and gateway routes by virtual gateway, in matching order."""
    _referrers: Mapping[ResourceKey, frozenset[ResourceKey]] = field(
        default_factory=dict, repr=False, compare=False
    )
    """Resources whose specs refer to this key; the key itself need not exist."""
    _findings: Mapping[ResourceKey, tuple[Finding, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _members: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    """Number of resources in each mesh, without the mesh itself."""

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Problems between resources, sorted by location; not those of single documents."""
        return self.problems_but(())

    def problems_but(self, unread: Collection[ResourceKey]) -> tuple[Problem, ...]:
        """Return the problems, without those that report one of these keys as missing.

        If a document cannot be read, the user needs to see that problem, and not one more for each
        reference to its resource.
        """
        findings = [finding for each in self._findings.values() for finding in each]
        findings += missing_meshes(self.resources, self._members)
        findings = [finding for finding in findings if finding.wanted not in unread]
        findings.sort(key=lambda finding: finding.problem)
        if not any(finding.wanted for finding in findings):
            return tuple(finding.problem for finding in findings)
        names = Names(self.resources)
        return tuple(sorted(_with_hint(finding, names) for finding in findings))

    def get(self, key: ResourceKey) -> Resource | None:
        """Return the resource with this key, or None."""
        return self.resources.get(key)

    def mesh_spec(self, mesh: str) -> MeshSpec:
        """Return the specification of a mesh; the empty one if the mesh does not exist."""
        resource = self.resources.get(ResourceKey.of_mesh(mesh))
        if resource is None or not isinstance(resource.spec, MeshSpec):
            return MeshSpec()
        return resource.spec

    def node(self, mesh: str, name: str) -> VirtualNodeSpec | None:
        """Return the specification of a virtual node, or None if it does not exist."""
        resource = self.resources.get(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name))
        return resource.spec if resource and isinstance(resource.spec, VirtualNodeSpec) else None

    def service(self, mesh: str, name: str) -> VirtualServiceSpec | None:
        """Return the specification of a virtual service, or None if it does not exist."""
        resource = self.resources.get(ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, name))
        return resource.spec if resource and isinstance(resource.spec, VirtualServiceSpec) else None

    def router(self, mesh: str, name: str) -> VirtualRouterSpec | None:
        """Return the specification of a virtual router, or None if it does not exist."""
        resource = self.resources.get(ResourceKey.of(Kind.VIRTUAL_ROUTER, mesh, name))
        return resource.spec if resource and isinstance(resource.spec, VirtualRouterSpec) else None

    def gateway(self, mesh: str, name: str) -> VirtualGatewaySpec | None:
        """Return the specification of a virtual gateway, or None if it does not exist."""
        resource = self.resources.get(ResourceKey.of(Kind.VIRTUAL_GATEWAY, mesh, name))
        return resource.spec if resource and isinstance(resource.spec, VirtualGatewaySpec) else None

    def instances(self, key: ResourceKey | None) -> ServiceInstancesSpec | None:
        """Return the instances of a service, or None if no document declares any."""
        resource = None if key is None else self.resources.get(key)
        spec = None if resource is None else resource.spec
        return spec if isinstance(spec, ServiceInstancesSpec) else None

    def routes(self, router: ResourceKey) -> tuple[Resource, ...]:
        """Return the routes of a virtual router in matching order (:mod:`mesh.graph.matching`)."""
        return self._children.get(router, ())

    def gateway_routes(self, gateway: ResourceKey) -> tuple[Resource, ...]:
        """Return the gateway routes of a virtual gateway in matching order."""
        return self._children.get(gateway, ())

    def referrers(self, key: ResourceKey) -> frozenset[ResourceKey]:
        """Return the resources whose specs refer to this key, which need not exist."""
        return self._referrers.get(key, _NOBODY)

    def dependents(self, keys: Iterable[ResourceKey]) -> frozenset[ResourceKey]:
        """Return the virtual nodes and gateways whose proxies these resources may configure.

        The keys may belong to resources that do not exist: references to them count. A change from
        one graph to the next affects the dependents in both.
        """
        proxies: set[ResourceKey] = set()
        seen = set(keys)
        # Instances belong to a node, so they affect its callers as the node does.
        found_by = [self.referrers(key) for key in seen if key.kind is Kind.SERVICE_INSTANCES]
        seen.update(*found_by)
        pending = list(seen)
        proxies.update(key for key in pending if key.kind in _WITH_PROXY)
        while pending:
            for user in self._users(pending.pop()):
                if user.kind in _WITH_PROXY:
                    # The walk ends at a node that calls something: its own callers see its
                    # listeners, but never its backends.
                    proxies.add(user)
                elif user not in seen:
                    seen.add(user)
                    pending.append(user)
        return frozenset(proxies)

    def _users(self, key: ResourceKey) -> Iterable[ResourceKey]:
        if key.kind is Kind.MESH:
            return self._proxies_of(key.mesh)
        parent = parent_of(key)
        return (parent,) if parent is not None else self.referrers(key)

    def _proxies_of(self, mesh: str) -> Iterator[ResourceKey]:
        return (key for key in self.resources if key.mesh == mesh and key.kind in _WITH_PROXY)


def _with_hint(finding: Finding, names: Names) -> Problem:
    hint = names.hint(finding.wanted) if finding.wanted is not None else ""
    return replace(finding.problem, hint=hint) if hint else finding.problem
