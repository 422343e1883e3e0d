"""The gateway of the test bed: two listeners for each protocol, and every feature of its routes."""

from collections.abc import Iterator
from typing import Final

from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.resource import Resource
from tests.support.crossroads.cases import PROTOCOLS, anywhere, cases, pairs
from tests.support.crossroads.specs import PORT, SECOND, TIMEOUTS
from tests.support.loopback import free_port
from tests.support.meshes import a_gateway, resource

ENTRANCES: Final = {protocol: free_port() for protocol in ("http", "http2", "grpc")}
"""Ports of the gateway for most of its routes."""
SIDE_ENTRANCES: Final = {protocol: free_port() for protocol in ENTRANCES}
"""Ports of the gateway with one route of each protocol."""

KEPT: Final[JsonObject] = {"hostname": {"defaultTargetHostname": "DISABLED"}}


def entrances() -> Iterator[Resource]:
    """Yield the gateway and its routes."""
    ports = [(of[p], p) for p in PROTOCOLS for of in (ENTRANCES, SIDE_ENTRANCES)]
    yield a_gateway("front", *ports)
    for protocol in PROTOCOLS:
        yield from _matching(protocol)
        yield from _targets(protocol)
        if protocol != "grpc":
            yield from _rewrites(protocol)


def _matching(protocol: str) -> Iterator[Resource]:
    for case in cases(protocol):
        yield _gateway_route(protocol, case.name, "two", case.match)
    for pair in pairs(protocol):
        for name, target, match, priority in pair.sides():
            yield _gateway_route(protocol, name, target, match, priority=priority)
    hosts: dict[str, JsonObject] = {"exact": {"exact": "two.com"}, "suffix": {"suffix": ".two.com"}}
    for name, host in hosts.items():
        named: JsonObject = {**anywhere(protocol, "host"), "hostname": host}
        yield _gateway_route(protocol, f"host-{name}", "two", named)
    # A gRPC gateway route asks for a service or for a host.
    rest: JsonObject = {"hostname": {"suffix": ".com"}} if protocol == "grpc" else {"prefix": "/"}
    yield _gateway_route(protocol, "rest", "one", rest)
    if protocol == "http":
        tunnel: JsonObject = {"prefix": "/", "method": "CONNECT"}
        yield _gateway_route(protocol, "connect", "two", tunnel)
    side = anywhere(protocol, "side")
    yield _gateway_route(protocol, "side", "two", side, entrance=SIDE_ENTRANCES[protocol])


def _targets(protocol: str) -> Iterator[Resource]:
    for name, port in (("port", PORT[protocol]), ("second-port", SECOND[protocol])):
        match = anywhere(protocol, name)
        yield _gateway_route(protocol, name, "ports", match, port=port)
    yield _gateway_route(protocol, "kept", "one", anywhere(protocol, "kept"), rewrite=KEPT)
    yield _gateway_route(protocol, "kept-two", "two", anywhere(protocol, "kept-two"), rewrite=KEPT)
    secret: JsonObject = {"match": {"exact": "open"}, "name": "x-secret"}
    field = "metadata" if protocol == "grpc" else "headers"
    match = {**anywhere(protocol, "secret"), field: [secret]}
    yield _gateway_route(protocol, "secret", "weights", match)
    for name in TIMEOUTS:
        path = anywhere(protocol, name)
        kept: JsonObject = {} if protocol == "grpc" else {"prefix": {"defaultPrefix": "DISABLED"}}
        yield _gateway_route(protocol, name, "timeouts", path, rewrite=kept or None)


def _rewrites(protocol: str) -> Iterator[Resource]:
    ways: dict[str, tuple[JsonObject, JsonObject | None]] = {
        "dropped": ({"prefix": "/dropped"}, None),
        "enabled": ({"prefix": "/enabled"}, {"prefix": {"defaultPrefix": "ENABLED"}}),
        "as-is": ({"prefix": "/as-is"}, {"prefix": {"defaultPrefix": "DISABLED"}}),
        "value": ({"prefix": "/value"}, {"prefix": {"value": "/new/"}}),
        "exact": ({"path": {"exact": "/one"}}, {"path": {"exact": "/two"}}),
        "regex": ({"path": {"regex": "/any/[a-z]+"}}, {"path": {"exact": "/a\\1b"}}),
        "path": ({"path": {"exact": "/stays"}}, None),
    }
    for name, (match, rewrite) in ways.items():
        yield _gateway_route(protocol, f"rewrite-{name}", "two", match, rewrite=rewrite)


def _gateway_route(
    protocol: str,
    name: str,
    target: str,
    match: JsonObject,
    *,
    priority: int | None = None,
    port: int | None = None,
    rewrite: JsonObject | None = None,
    entrance: int | None = None,
) -> Resource:
    """Return a gateway route; ``port`` is the target's, ``entrance`` the gateway's."""
    service: JsonObject = {"virtualServiceName": f"{target}-{protocol}.local"}
    action: JsonObject = {
        "target": {"virtualService": service, **({} if port is None else {"port": port})},
        **({} if rewrite is None else {"rewrite": rewrite}),
    }
    matched: JsonObject = {**match, "port": ENTRANCES[protocol] if entrance is None else entrance}
    spec: JsonObject = {f"{protocol}Route": {"match": matched, "action": action}}
    if priority is not None:
        spec["priority"] = priority
    key = ResourceKey.of(Kind.GATEWAY_ROUTE, "shop", f"{name}-{protocol}", "front")
    return resource(key, spec)
