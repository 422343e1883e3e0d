"""Inference of a spec's kind from its fields, for specs without names."""

from collections.abc import Iterator
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.keys import Kind

_ROUTES: Final = ("httpRoute", "http2Route", "grpcRoute", "tcpRoute")
_LISTENING: Final = (Kind.VIRTUAL_ROUTER, Kind.VIRTUAL_GATEWAY)
_OF_NODES: Final = frozenset({"timeout", "outlierDetection"})
"""Fields that only a virtual node's listener has."""
_OF_PROXIES: Final = frozenset({"tls", "connectionPool", "healthCheck"})
"""Fields that a virtual router's listener lacks."""


def kinds_of(spec: Json) -> tuple[Kind, ...]:
    """Return the kinds that fit a spec: one kind if its fields decide, none if no field does.

    A spec with only a listener fits virtual routers and virtual gateways. An empty spec is a
    mesh's.
    """
    if not isinstance(spec, dict):
        return ()
    route = _kind_of_route(spec)
    if route is not None:
        return (route,)
    if "provider" in spec:
        return (Kind.VIRTUAL_SERVICE,)
    if not spec or "egressFilter" in spec:
        return (Kind.MESH,)
    if "backends" in spec or ("serviceDiscovery" in spec and "listeners" in spec):
        return (Kind.VIRTUAL_NODE,)
    if "serviceDiscovery" in spec:
        return _kinds_of_discovery(spec["serviceDiscovery"])
    if "listeners" in spec:
        return _kinds_of_listeners(spec)
    return (Kind.VIRTUAL_NODE,) if spec.keys() & {"logging", "backendDefaults"} else ()


def _kind_of_route(spec: JsonObject) -> Kind | None:
    for field in _ROUTES:
        route = spec.get(field)
        action = route.get("action") if isinstance(route, dict) else None
        if isinstance(action, dict):
            return Kind.GATEWAY_ROUTE if "target" in action else Kind.ROUTE
    return None


def _kinds_of_discovery(discovery: Json) -> tuple[Kind, ...]:
    fields = discovery.keys() if isinstance(discovery, dict) else set()
    if fields & {"dns", "awsCloudMap"}:
        return (Kind.VIRTUAL_NODE,)
    return (Kind.MESH,) if "ipPreference" in fields else ()


def _kinds_of_listeners(spec: JsonObject) -> tuple[Kind, ...]:
    fields = {field for listener in _listeners(spec) for field in listener}
    if fields & _OF_NODES:
        return (Kind.VIRTUAL_NODE,)
    if _protocols(spec) & {"tcp"}:
        return (Kind.VIRTUAL_ROUTER,) if not fields & _OF_PROXIES else (Kind.VIRTUAL_NODE,)
    if fields & _OF_PROXIES or spec.keys() & {"logging", "backendDefaults"}:
        return (Kind.VIRTUAL_GATEWAY,)
    return _LISTENING if fields else ()


def _listeners(spec: JsonObject) -> Iterator[JsonObject]:
    listeners = spec["listeners"]
    for listener in listeners if isinstance(listeners, list) else ():
        if isinstance(listener, dict):
            yield listener


def _protocols(spec: JsonObject) -> set[object]:
    mappings = [listener.get("portMapping") for listener in _listeners(spec)]
    return {str(mapping.get("protocol")) for mapping in mappings if isinstance(mapping, dict)}
