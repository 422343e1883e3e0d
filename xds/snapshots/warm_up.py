"""Warm-up before the server is ready: translate and serialise a small built-in mesh once.

Message encoders are compiled on first use, and translation modules are imported then. The warm-up
keeps that cost out of the first push.
"""

from collections.abc import Iterator

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource, spec_from_json
from xds.nodes import Client, Explicit, Intercepted, ProxyIdentity
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import build_snapshot
from xds.translate import translate

_MESH = "rehearsal"
_SERVICES = {"web": ("http", 8080), "db": ("tcp", 5432), "calls": ("grpc", 9000)}


def warm_up() -> None:
    """Exercise translation and serialisation once. Blocking, without visible effect."""
    graph = link(_resources())
    node = ResourceKey.of(Kind.VIRTUAL_NODE, _MESH, "caller")
    gateway = ResourceKey.of(Kind.VIRTUAL_GATEWAY, _MESH, "door")
    for key in (node, gateway):
        for addressing in (Intercepted(), Explicit("127.0.0.2", "127.0.0.3")):
            build_snapshot(Pool(), translate(graph, ProxyIdentity(key, addressing)))
    client = ProxyIdentity(node, client=Client.GRPC)
    build_snapshot(Pool(), translate(graph, client))


def _resources() -> Iterator[Resource]:
    yield _resource(Kind.MESH, _MESH, {"egressFilter": {"type": "ALLOW_ALL"}})
    caller = _node("http", 8080)
    caller["backends"] = [{"virtualService": {"virtualServiceName": n}} for n in _SERVICES]
    yield _resource(Kind.VIRTUAL_NODE, "caller", caller)
    yield _resource(Kind.VIRTUAL_GATEWAY, "door", {"listeners": [_port("http", 8080)]})
    to_web: JsonObject = {"target": {"virtualService": {"virtualServiceName": "web"}}}
    match: JsonObject = {"prefix": "/", "headers": [{"name": "x", "match": {"exact": "1"}}]}
    into: JsonObject = {"httpRoute": {"match": match, "action": to_web}}
    yield _resource(Kind.GATEWAY_ROUTE, "in", into, "door")
    for name, (protocol, port) in _SERVICES.items():
        yield _resource(Kind.VIRTUAL_NODE, name, _node(protocol, port))
        yield _resource(Kind.VIRTUAL_ROUTER, name, {"listeners": [_port(protocol, port)]})
        provider: JsonObject = {"virtualRouter": {"virtualRouterName": name}}
        yield _resource(Kind.VIRTUAL_SERVICE, name, {"provider": provider})
        action: JsonObject = {"weightedTargets": [{"virtualNode": name, "weight": 1}]}
        route: JsonObject = {"action": action}
        if protocol == "http":
            route["match"] = match
        if protocol == "grpc":
            route["match"] = {"metadata": match["headers"]}
        yield _resource(Kind.ROUTE, name, {f"{protocol}Route": route}, name)


def _resource(kind: Kind, name: str, spec: JsonObject, parent: str = "") -> Resource:
    key = ResourceKey(_MESH, kind, parent, name)
    return Resource(key, spec_from_json(key, spec))


def _node(protocol: str, port: int) -> JsonObject:
    discovery: JsonObject = {"dns": {"hostname": "rehearsal.invalid"}}
    return {"listeners": [_port(protocol, port)], "serviceDiscovery": discovery}


def _port(protocol: str, port: int) -> JsonObject:
    return {"portMapping": {"port": port, "protocol": protocol}}
