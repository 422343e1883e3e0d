"""Linking: build the graph of resources and their references, incrementally."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from mesh.graph.finding import Finding
from mesh.graph.matching import gateway_route_order, route_order
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.mesh_settings import MeshSettings
from mesh.graph.references import parent_of, references
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from mesh.spec import (
    GatewayRouteSpec,
    MeshSpec,
    RouteSpec,
    ServiceInstancesSpec,
    VirtualGatewaySpec,
    VirtualNodeSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
)
from mesh.validation.graph.certificates import check_certificates
from mesh.validation.graph.gateway_route import check_gateway_route
from mesh.validation.graph.route import check_route
from mesh.validation.graph.service_discovery import check_discovery
from mesh.validation.graph.virtual_gateway import check_gateway
from mesh.validation.graph.virtual_node import check_node
from mesh.validation.graph.virtual_router import check_router
from mesh.validation.graph.virtual_service import check_service

Changes = Mapping[ResourceKey, Resource | None]
"""New version of each changed resource; None if it is removed."""

EMPTY = MeshGraph()


def link(resources: Iterable[Resource]) -> MeshGraph:
    """Return the graph of these resources. If two have the same key, the last one counts."""
    return relink(EMPTY, {resource.key: resource for resource in resources})


def relink(graph: MeshGraph, changes: Changes) -> MeshGraph:
    """Return the graph after changes; None removes a resource. The given graph is not changed.

    Any sequence of changes gives the same graph as :func:`link` of the final resources. The cost is
    proportional to the changes and to the references to them, whatever the size of the mesh, except
    for a shallow copy of the indexes.
    """
    changes = {k: r for k, r in changes.items() if graph.resources.get(k) is not r}
    if not changes:
        return graph
    linked = MeshGraph(
        resources=_resources(graph, changes),
        settings=graph.settings,
        _children=_children(graph, changes),
        _referrers=_referrers(graph, changes),
        _findings=graph._findings,
        _members=_members(graph, changes),
    )
    return replace(linked, _findings=_findings(graph, linked, changes))


def with_settings(graph: MeshGraph, settings: MeshSettings) -> MeshGraph:
    """Return the graph with other settings. All rules are checked again: settings change rarely."""
    if graph.settings == settings:
        return graph
    return relink(replace(EMPTY, settings=settings), dict(graph.resources))


def _resources(graph: MeshGraph, changes: Changes) -> Mapping[ResourceKey, Resource]:
    resources = dict(graph.resources)
    for key, resource in changes.items():
        if resource is None:
            resources.pop(key, None)
        else:
            resources[key] = resource
    return resources


def _children(graph: MeshGraph, changes: Changes) -> Mapping[ResourceKey, tuple[Resource, ...]]:
    touched: dict[ResourceKey, list[Resource]] = {}
    for key, resource in changes.items():
        parent = parent_of(key)
        if parent is not None:
            now = touched.setdefault(parent, [])
            if resource is not None:
                now.append(resource)
    if not touched:
        return graph._children
    children = dict(graph._children)
    for parent, new in touched.items():
        kept = [child for child in graph._children.get(parent, ()) if child.key not in changes]
        if kept or new:
            order = route_order if parent.kind is Kind.VIRTUAL_ROUTER else gateway_route_order
            children[parent] = tuple(sorted(kept + new, key=order))
        else:
            children.pop(parent, None)
    return children


def _referrers(graph: MeshGraph, changes: Changes) -> Mapping[ResourceKey, frozenset[ResourceKey]]:
    gained: dict[ResourceKey, set[ResourceKey]] = {}
    lost: dict[ResourceKey, set[ResourceKey]] = {}
    for key, resource in changes.items():
        before = graph.resources.get(key)
        old = references(before) if before is not None else frozenset()
        new = references(resource) if resource is not None else frozenset()
        for target in new - old:
            gained.setdefault(target, set()).add(key)
        for target in old - new:
            lost.setdefault(target, set()).add(key)
    if not gained and not lost:
        return graph._referrers
    referrers = dict(graph._referrers)
    for target in gained.keys() | lost.keys():
        now = graph.referrers(target) - lost.get(target, set()) | gained.get(target, set())
        if now:
            referrers[target] = now
        else:
            del referrers[target]
    return referrers


def _members(graph: MeshGraph, changes: Changes) -> Mapping[str, int]:
    members = dict(graph._members)
    for key, resource in changes.items():
        if key.kind is not Kind.MESH:
            step = (resource is not None) - (key in graph.resources)
            members[key.mesh] = members.get(key.mesh, 0) + step
    return {mesh: count for mesh, count in members.items() if count}


def _findings(
    before: MeshGraph, after: MeshGraph, changes: Changes
) -> Mapping[ResourceKey, tuple[Finding, ...]]:
    findings = dict(before._findings)
    for key in _to_check(before, after, changes):
        resource = after.resources.get(key)
        found = tuple(_check(after, resource)) if resource is not None else ()
        if found:
            findings[key] = found
        else:
            findings.pop(key, None)
    return findings


def _to_check(before: MeshGraph, after: MeshGraph, changes: Changes) -> set[ResourceKey]:
    """Return every key whose findings may change: a rule for it reads a changed resource."""
    keys: set[ResourceKey] = set()
    for key, resource in changes.items():
        keys.add(key)
        parent = parent_of(key)
        if parent is not None:
            keys.add(parent)
        old = before.resources.get(key)
        if _face(old) == _face(resource):
            continue
        keys.update(child.key for child in after.routes(key))
        for user in after.referrers(key):
            keys.add(user)
            if user.kind is Kind.VIRTUAL_SERVICE:
                keys.update(after.referrers(user))
    return keys


def _face(resource: Resource | None) -> object:
    """Return the properties that rules of other resources read; None if the resource does not
    exist."""
    match resource.spec if resource is not None else None:
        case None:
            return None
        case VirtualServiceSpec() as spec:
            return ("provider", spec.provider)
        case VirtualNodeSpec() | VirtualRouterSpec() | VirtualGatewaySpec() as spec:
            return tuple(listener.port_mapping for listener in spec.listeners or ())
        case ServiceInstancesSpec() as spec:
            return spec
        case _:
            return ()


def _check(graph: MeshGraph, resource: Resource) -> Iterable[Finding]:
    match resource.spec:
        case VirtualServiceSpec() as spec:
            return check_service(graph, resource, spec)
        case VirtualNodeSpec() as spec:
            return chain(
                check_node(graph, resource, spec),
                check_discovery(graph, resource, spec),
                check_certificates(graph, resource, spec),
            )
        case VirtualRouterSpec() as spec:
            return check_router(graph, resource, spec)
        case RouteSpec() as spec:
            return check_route(graph, resource, spec)
        case VirtualGatewaySpec() as spec:
            return chain(
                check_gateway(graph, resource, spec), check_certificates(graph, resource, spec)
            )
        case GatewayRouteSpec() as spec:
            return check_gateway_route(graph, resource, spec)
        case MeshSpec() | ServiceInstancesSpec():
            return ()


__all__ = ["EMPTY", "Changes", "MeshGraph", "link", "relink", "with_settings"]
