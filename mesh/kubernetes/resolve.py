"""Manifests to resources, once every object of the repository is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mesh.keys import Kind, ResourceKey
from mesh.kubernetes.drafting import part_of
from mesh.kubernetes.lookup import Lookup, Undecided
from mesh.kubernetes.objects import EVERY, Draft, Manifest, ObjectId, Reference
from mesh.kubernetes.spelling import default_name
from mesh.problems.problem import Problem, Severity
from mesh.resource import Resource, Source, Steps, spec_from_json, spec_json
from mesh.spec import ResourceSpec, VirtualNodeSpec, VirtualRouterSpec
from mesh.spec.virtual_node import Backend, VirtualServiceBackend
from mesh.spec.virtual_router import VirtualRouterListener


class TooManyBackends(Exception):
    """The backend groups expand to more members than allowed."""


@dataclass(slots=True)
class Budget:
    """Remaining number of group members that may be added: a few lines can expand to millions."""

    left: int

    def spend(self, members: int) -> None:
        """Use part of the budget.

        :raises TooManyBackends: the remaining budget is too small.
        """
        self.left -= members
        if self.left < 0:
            raise TooManyBackends


@dataclass(frozen=True, slots=True)
class Resolved:
    """Resources made of the objects of one file."""

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: tuple[ResourceKey, ...] = ()
    seen: frozenset[ObjectId] = frozenset()
    """Objects that the result depends on: the result is valid as long as they stay the same."""
    grouped: int = 0
    """Number of group members that were expanded."""


@dataclass(slots=True)
class _File:
    resources: list[Resource] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: list[ResourceKey] = field(default_factory=list)
    undecided: set[str] = field(default_factory=set)
    """Namespaces already reported as having no known mesh: one report per file is enough."""


def resolve(manifests: Iterable[Manifest], lookup: Lookup, budget: Budget) -> Resolved:
    """Return the resources that a file's manifests define.

    :raises TooManyBackends: the budget is exhausted.
    """
    lookup.seen = set()
    before = budget.left
    file = _File()
    for manifest in manifests:
        _resolve(manifest, lookup, budget, file)
    return Resolved(
        tuple(file.resources),
        tuple(file.problems),
        tuple(file.unread),
        frozenset(lookup.seen),
        before - budget.left,
    )


def _resolve(manifest: Manifest, lookup: Lookup, budget: Budget, file: _File) -> None:
    if not manifest.drafts:
        return
    other = lookup.earlier_definition(manifest)
    if other is not None and other.aws_name != manifest.aws_name:
        file.problems.append(_repeated(manifest, other))
    try:
        mesh = lookup.mesh_of(manifest)
    except Undecided as why:
        if manifest.id.namespace not in file.undecided:
            file.undecided.add(manifest.id.namespace)
            place = ("metadata", "namespace")
            code = "mesh-membership"
            file.problems.append(manifest.source.problem(place, code, why.message, hint=why.hint))
        return
    try:
        gateway = lookup.gateway_of(manifest) if manifest.id.kind == Kind.GATEWAY_ROUTE else ""
    except Undecided as why:
        code = "gateway-membership"
        file.problems.append(manifest.source.problem(("spec",), code, why.message, hint=why.hint))
        return
    for draft in manifest.drafts:
        parent = draft.parent or gateway
        key = ResourceKey(mesh, draft.kind, parent if draft.kind.parent else "", draft.name)
        if draft.spec is None:
            file.unread.append(key)
            continue
        spec = _with_port(_named(draft, draft.spec, lookup), draft.port_of, lookup)
        spec, source, problems = _with_groups(manifest, spec, draft.source, lookup, budget)
        file.problems += problems
        file.resources.append(Resource(key, spec, source))


def _repeated(manifest: Manifest, other: Manifest) -> Problem:
    at = f"{other.source.path}:{other.source.line(())}"
    return manifest.source.problem(
        ("metadata", "name"),
        "duplicate-resource",
        f"the {manifest.id.kind} {manifest.id.name} is defined here and at {at}",
        hint="remove one of the two, or give it another name",
    )


def _named(draft: Draft, spec: ResourceSpec, lookup: Lookup) -> ResourceSpec:
    """Return a spec with the App Mesh names of the objects that it refers to."""
    other = [
        (place, name)
        for place, reference in draft.names
        if (name := lookup.name(reference)) != reference.otherwise
    ]
    if not other:
        return spec
    body = spec_json(spec)
    for place, name in other:
        holder = part_of(body, place[:-1])
        if isinstance(holder, dict):
            holder[str(place[-1])] = name
    return spec_from_json(ResourceKey("", draft.kind, "", ""), body)


def _with_port(spec: ResourceSpec, node: Reference | None, lookup: Lookup) -> ResourceSpec:
    found = lookup.object(node.to) if node is not None else None
    if found is None or found.port is None or not isinstance(spec, VirtualRouterSpec):
        return spec
    return VirtualRouterSpec(listeners=(VirtualRouterListener(port_mapping=found.port),))


def _with_groups(
    manifest: Manifest, spec: ResourceSpec, source: Source, lookup: Lookup, budget: Budget
) -> tuple[ResourceSpec, Source, list[Problem]]:
    """Return a node's spec with the members of its backend groups after its own backends."""
    if not manifest.groups or not isinstance(spec, VirtualNodeSpec):
        return spec, source, []
    backends = list(spec.backends or ())
    known = {b.virtual_service.virtual_service_name for b in backends if b.virtual_service}
    places: Mapping[Steps, Steps] = source.places
    problems: list[Problem] = []
    for group, place in manifest.groups:
        members = _members(group, lookup)
        if members is None:
            problems.append(_no_group(manifest, group, place))
            continue
        budget.spend(len(members))
        names = dict.fromkeys(name for name in map(lookup.name, members) if name not in known)
        known |= names.keys()
        first = len(backends)
        backends += map(_backend, names)
        parts = [part for at in range(first, len(backends)) for part in _parts(at)]
        places = {**places, **dict.fromkeys(parts, place)}
    spec = spec.model_copy(update={"backends": tuple(backends)})
    return spec, replace(source, places=places), problems


def _members(group: ObjectId, lookup: Lookup) -> Sequence[Reference] | None:
    if group.name == EVERY:
        services = lookup.services(group.namespace)
        return [Reference(service, default_name(service)) for service in services]
    found = lookup.object(group)
    return found.members if found is not None else None


def _no_group(manifest: Manifest, group: ObjectId, place: Steps) -> Problem:
    return manifest.source.problem(
        place,
        "missing-backend-group",
        f"there is no BackendGroup {group.name} in namespace {group.namespace}",
        hint="its virtual services are not backends until it is added",
        severity=Severity.WARNING,
    )


def _parts(at: int) -> tuple[Steps, ...]:
    """Return the positions of a backend that a group added, which the manifest itself does not
    contain."""
    backend: Steps = ("spec", "backends", at)
    return backend, (*backend, "virtualService"), (*backend, "virtualService", "virtualServiceName")


def _backend(name: str) -> Backend:
    return Backend(virtual_service=VirtualServiceBackend(virtual_service_name=name))
