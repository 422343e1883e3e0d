"""First content of a new resource of each kind, and the resources that it needs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey

_PATHS: Final = ("http", "http2")
"""The protocols whose routes match paths."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of a user for a new resource."""

    mesh: str
    """Name of the mesh; empty for the only existing one."""
    name: str
    port: int = 8080
    protocol: str = "http"
    """Protocol; empty for that of the router or gateway, or else ``http``."""
    hostname: str = ""
    router: str = ""
    gateway: str = ""
    service: str = ""
    nodes: tuple[tuple[str, int], ...] = ()
    """Virtual nodes with their weights."""
    backends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """A new resource, and the resources that it needs."""

    key: ResourceKey
    spec: JsonObject
    needs: tuple[ResourceKey, ...] = ()
    """The resources that it refers to."""


def starts(kind: Kind, wishes: Wishes) -> Sequence[Start]:
    """Return the new resources: one, or, for a service, all that are needed to answer it."""
    make = {
        Kind.MESH: _mesh,
        Kind.VIRTUAL_SERVICE: _service,
        Kind.VIRTUAL_NODE: _node,
        Kind.VIRTUAL_ROUTER: _router,
        Kind.ROUTE: _route,
        Kind.VIRTUAL_GATEWAY: _gateway,
        Kind.GATEWAY_ROUTE: _gateway_route,
    }[kind]
    return make(wishes)


def _mesh(wishes: Wishes) -> list[Start]:
    return [Start(ResourceKey.of_mesh(wishes.name), {"egressFilter": {"type": "DROP_ALL"}})]


def _service(wishes: Wishes) -> list[Start]:
    """Return a service; if the options name no provider, also its router, a route and a node."""
    mesh, short = wishes.mesh, wishes.name.partition(".")[0] or wishes.name
    key = ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, wishes.name)
    if wishes.router or wishes.nodes:
        return [_provided(key, wishes.router, wishes.nodes)]
    node = f"{short}-v1"
    of_node = Wishes(mesh, node, wishes.port, wishes.protocol, wishes.hostname)
    of_router = Wishes(mesh, short, wishes.port, wishes.protocol)
    of_route = Wishes(mesh, "all", router=short, protocol=wishes.protocol, nodes=((node, 100),))
    rest = [*_router(of_router), *_route(of_route), *_node(of_node)]
    return [_provided(key, short, ()), *rest]


def _provided(key: ResourceKey, router: str, nodes: tuple[tuple[str, int], ...]) -> Start:
    if router:
        needed = ResourceKey.of(Kind.VIRTUAL_ROUTER, key.mesh, router)
        spec: JsonObject = {"virtualRouter": {"virtualRouterName": router}}
    else:
        needed = ResourceKey.of(Kind.VIRTUAL_NODE, key.mesh, nodes[0][0])
        spec = {"virtualNode": {"virtualNodeName": nodes[0][0]}}
    return Start(key, {"provider": spec}, (_of(key), needed))


def _node(wishes: Wishes) -> list[Start]:
    key = ResourceKey.of(Kind.VIRTUAL_NODE, wishes.mesh, wishes.name)
    services = [ResourceKey.of(Kind.VIRTUAL_SERVICE, wishes.mesh, name) for name in wishes.backends]
    spec: JsonObject = {
        "listeners": [_listener(wishes)],
        "serviceDiscovery": {"dns": {"hostname": wishes.hostname or f"{wishes.name}.internal"}},
    }
    if services:
        spec["backends"] = [
            {"virtualService": {"virtualServiceName": name}} for name in wishes.backends
        ]
    return [Start(key, spec, (_of(key), *services))]


def _router(wishes: Wishes) -> list[Start]:
    key = ResourceKey.of(Kind.VIRTUAL_ROUTER, wishes.mesh, wishes.name)
    return [Start(key, {"listeners": [_listener(wishes)]}, (_of(key),))]


def _route(wishes: Wishes) -> list[Start]:
    key = ResourceKey.of(Kind.ROUTE, wishes.mesh, wishes.name, wishes.router)
    nodes = wishes.nodes or ((wishes.router, 100),)
    inside: JsonObject = {}
    if wishes.protocol in _PATHS:
        inside["match"] = {"prefix": "/"}
    elif wishes.protocol == "grpc":
        inside["match"] = {}
    inside["action"] = {
        "weightedTargets": [{"virtualNode": node, "weight": weight} for node, weight in nodes]
    }
    targets = (ResourceKey.of(Kind.VIRTUAL_NODE, wishes.mesh, node) for node, _ in nodes)
    router = ResourceKey.of(Kind.VIRTUAL_ROUTER, wishes.mesh, wishes.router)
    return [Start(key, {f"{wishes.protocol}Route": inside}, (_of(key), router, *targets))]


def _gateway(wishes: Wishes) -> list[Start]:
    key = ResourceKey.of(Kind.VIRTUAL_GATEWAY, wishes.mesh, wishes.name)
    return [Start(key, {"listeners": [_listener(wishes)]}, (_of(key),))]


def _gateway_route(wishes: Wishes) -> list[Start]:
    key = ResourceKey.of(Kind.GATEWAY_ROUTE, wishes.mesh, wishes.name, wishes.gateway)
    service = ResourceKey.of(Kind.VIRTUAL_SERVICE, wishes.mesh, wishes.service)
    target: JsonObject = {"virtualService": {"virtualServiceName": wishes.service}}
    match: JsonObject = {"prefix": "/"}
    if wishes.protocol == "grpc":  # which has no paths
        match = {"hostname": {"exact": wishes.hostname or wishes.service}}
    spec: JsonObject = {f"{wishes.protocol}Route": {"match": match, "action": {"target": target}}}
    gateway = ResourceKey.of(Kind.VIRTUAL_GATEWAY, wishes.mesh, wishes.gateway)
    return [Start(key, spec, (_of(key), gateway, service))]


def _listener(wishes: Wishes) -> JsonObject:
    return {"portMapping": {"port": wishes.port, "protocol": wishes.protocol}}


def _of(key: ResourceKey) -> ResourceKey:
    return ResourceKey.of_mesh(key.mesh)
