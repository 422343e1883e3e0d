"""References in a spec to other resources: the edges of the graph."""

from collections.abc import Iterator

from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec, RouteSpec, VirtualNodeSpec, VirtualServiceSpec
from mesh.spec.gateway_route import GatewayRouteTarget
from mesh.spec.route import WeightedTarget


def parent_of(key: ResourceKey) -> ResourceKey | None:
    """Return the virtual router of a route, the virtual gateway of a gateway route, else None."""
    parent = key.kind.parent
    return None if parent is None else ResourceKey.of(parent, key.mesh, key.parent)


def references(resource: Resource) -> frozenset[ResourceKey]:
    """Return the keys that a resource's spec refers to, whether they exist or not.

    The mesh and the parent are not included; they are part of the resource's own key.
    """
    return frozenset(_references(resource))


def _references(resource: Resource) -> Iterator[ResourceKey]:
    mesh = resource.key.mesh
    match resource.spec:
        case VirtualServiceSpec() as spec:
            key = provider_key(mesh, spec)
            if key is not None:
                yield key
        case VirtualNodeSpec() as spec:
            yield from _of_node(mesh, spec)
        case RouteSpec() as spec:
            for target in weighted_targets(spec):
                yield ResourceKey.of(Kind.VIRTUAL_NODE, mesh, target.virtual_node)
        case GatewayRouteSpec() as spec:
            name = gateway_target(spec).virtual_service.virtual_service_name
            yield ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, name)
        case _:
            pass


def _of_node(mesh: str, node: VirtualNodeSpec) -> Iterator[ResourceKey]:
    for name in backend_names(node):
        yield ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, name)
    registered = instances_key(mesh, node)
    if registered is not None:
        yield registered


def provider_key(mesh: str, service: VirtualServiceSpec) -> ResourceKey | None:
    """Return the key of a virtual service's provider, or None if it has none."""
    if service.provider is None:
        return None
    if service.provider.virtual_node is not None:
        node = service.provider.virtual_node.virtual_node_name
        return ResourceKey.of(Kind.VIRTUAL_NODE, mesh, node)
    if service.provider.virtual_router is not None:
        router = service.provider.virtual_router.virtual_router_name
        return ResourceKey.of(Kind.VIRTUAL_ROUTER, mesh, router)
    return None


def instances_key(mesh: str, node: VirtualNodeSpec) -> ResourceKey | None:
    """Return the key of a node's service instances, or None if it does not use Cloud Map."""
    found = None if node.service_discovery is None else node.service_discovery.aws_cloud_map
    if found is None:
        return None
    return ResourceKey.of(Kind.SERVICE_INSTANCES, mesh, found.service_name, found.namespace_name)


def backend_names(node: VirtualNodeSpec) -> tuple[str, ...]:
    """Return the names of the virtual services a node calls, in declared order."""
    backends = [backend.virtual_service for backend in node.backends or ()]
    return tuple(backend.virtual_service_name for backend in backends if backend is not None)


def weighted_targets(route: RouteSpec) -> tuple[WeightedTarget, ...]:
    """Return the targets of a route, in declared order, whatever its protocol."""
    for each in (route.grpc_route, route.http2_route, route.http_route, route.tcp_route):
        if each is not None:
            return each.action.weighted_targets
    return ()


def gateway_target(route: GatewayRouteSpec) -> GatewayRouteTarget:
    """Return the target of a gateway route, whatever its protocol."""
    if route.grpc_route is not None:
        return route.grpc_route.action.target
    http = route.http2_route or route.http_route
    if http is None:
        raise ValueError("a gateway route has exactly one protocol")
    return http.action.target
