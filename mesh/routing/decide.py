"""Routing decision for a caller and a request. Pure; the graph may have problems."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from mesh.graph.domains import domains_of
from mesh.graph.finding import listing
from mesh.graph.matching import route_match
from mesh.graph.ports import (
    backend_services,
    gateway_listeners,
    gateway_routes_on,
    is_unresolved,
    listener_at,
    provider,
    routes_on,
    service_ports,
    target_listener,
    usable_targets,
)
from mesh.graph.references import gateway_target
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.resource import Resource
from mesh.routing.decision import Decision, Outcome, Share, Tried
from mesh.routing.matching import Miss, misses
from mesh.routing.paths import normalised
from mesh.routing.request import Request, bare_host, port_of
from mesh.routing.rewriting import rewritten_host, rewritten_path
from mesh.spec import GatewayRouteSpec, RouteSpec
from mesh.spec.common import GatewayPortMapping, PortMapping

_INTERNAL: Final = ("x-app-mesh-virtual-service", "x-gitmesh-virtual-service-port")
"""Headers between a gateway's two passes; those that clients send under these names are dropped."""

_TUNNEL: Final = "CONNECT"
_FORWARDED: Final = "x-forwarded-proto"


def decide(graph: MeshGraph, caller: ResourceKey, request: Request) -> Decision:
    """Return the decision of a virtual node's or virtual gateway's proxy on a request.

    The application sends a node's request; a gateway's request comes from outside. The model
    assumes that traffic is redirected to the proxy; with explicit addressing, no request leaves the
    mesh. On a TCP port only the connection is routed, so the content of the request does not
    matter.
    """
    if graph.get(caller) is None or caller.kind not in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY):
        return _none(f"there is no virtual node or gateway {caller}")
    if caller.kind is Kind.VIRTUAL_GATEWAY:
        return _enter(graph, caller, request)
    return _call(graph, caller, request)


def _call(graph: MeshGraph, node: ResourceKey, request: Request) -> Decision:
    called = [service.key for service in backend_services(graph, node)]
    port = request.port if request.port is not None else _likely_port(graph, called, request.host)
    if port is None:
        return _unknown(graph, node.mesh, request)
    dialled = [
        (service, mapping)
        for service in called
        for mapping in service_ports(graph, service.mesh, service.name)
        if mapping.port == port
    ]
    connection = [each for each in dialled if each[1].protocol == "tcp"]
    if connection:
        return _connect(graph, *connection[0])
    path = normalised(request.path)
    if path is None or request.method == _TUNNEL:
        return _refused(request)
    if request.value(_FORWARDED) == "":
        return _none(f"no route takes a request whose {_FORWARDED} is empty (404)")
    service_port = _of_host(dialled, request.host)
    if service_port is None:
        return _unknown(graph, node.mesh, request)
    heard = replace(request, path=path).heard(service_port[1].protocol)
    return _within(graph, *service_port, heard.seen())


def _likely_port(graph: MeshGraph, called: Iterable[ResourceKey], host: str) -> int | None:
    """Return the destination port of a request that does not give one.

    It is the port in the host if the service with that name has that port, else the only port of
    the service; if there are several, the first one for HTTP.
    """
    name, beside = bare_host(host).lower(), port_of(host)
    for service in called:
        if service.name.lower() == name:
            ports = service_ports(graph, service.mesh, service.name)
            plain = [each.port for each in ports if each.protocol != "tcp" or each.port == beside]
            found = plain or [each.port for each in ports]
            return beside if beside in found else next(iter(found), None)
    return beside


def _of_host(
    dialled: Sequence[tuple[ResourceKey, PortMapping]], host: str
) -> tuple[ResourceKey, PortMapping] | None:
    domains = domains_of([(service.name, mapping.port) for service, mapping in dialled])
    for service, mapping in dialled:
        if host.lower() in (domain.lower() for domain in domains[service.name]):
            return service, mapping
    return None


def _unknown(graph: MeshGraph, mesh: str, request: Request) -> Decision:
    port = "" if request.port is None else f" on port {request.port}"
    what = f'no backend of the caller has the host "{request.host}"{port}'
    egress = graph.mesh_spec(mesh).egress_filter
    if egress is not None and egress.type == "ALLOW_ALL":
        return Decision(Outcome.OUTSIDE, f"{what}, and the mesh allows all traffic to the outside")
    return _none(f"{what} (404)")


def _connect(graph: MeshGraph, service: ResourceKey, mapping: PortMapping) -> Decision:
    """Return the decision on a TCP connection. Routes cannot match its content, so the first route
    takes it."""
    found = provider(graph, service)
    if found is None or found.key.kind is not Kind.VIRTUAL_ROUTER:
        return _direct(graph, service, found, mapping)
    routes = _routes(graph, found.key, mapping)
    if not routes:
        return _none("the virtual router has no route for TCP", service)
    return _taken(graph, service, routes[0], Request(path=""))


def _within(
    graph: MeshGraph, service: ResourceKey, mapping: PortMapping, request: Request
) -> Decision:
    found = provider(graph, service)
    if found is None or found.key.kind is not Kind.VIRTUAL_ROUTER:
        return replace(
            _direct(graph, service, found, mapping), path=request.path, host=request.host
        )
    route, tried = _first(_routes(graph, found.key, mapping), request)
    if route is None:
        decision = _none(f"no route of {found.key} takes it (404)", service)
        return replace(decision, tried=tried, path=request.path, host=request.host)
    return replace(_taken(graph, service, route, request), tried=tried)


def _routes(graph: MeshGraph, router: ResourceKey, mapping: PortMapping) -> list[Resource]:
    tcp = mapping.protocol == "tcp"
    return [
        route
        for route in routes_on(graph, router, mapping.port)
        if isinstance(route.spec, RouteSpec) and (route.spec.tcp_route is not None) == tcp
    ]


def _first(
    routes: Iterable[Resource], request: Request
) -> tuple[Resource | None, tuple[Tried, ...]]:
    tried: list[Tried] = []
    for route in routes:
        if isinstance(route.spec, RouteSpec | GatewayRouteSpec):
            miss: Miss | None = next(misses(route_match(route.spec), request), None)
            if miss is None:
                return route, tuple(tried)
            tried.append(Tried(route, (miss,)))
    return None, tuple(tried)


def _direct(
    graph: MeshGraph, service: ResourceKey, node: Resource | None, mapping: PortMapping
) -> Decision:
    if node is None:
        return _none(f"{service} has no provider (404)", service)
    return Decision(
        Outcome.ROUTED, shares=(Share(node.key.name, mapping.port, 1),), service=service
    )


def _taken(graph: MeshGraph, service: ResourceKey, route: Resource, request: Request) -> Decision:
    shares = []
    targets = (
        usable_targets(graph, service.mesh, route.spec) if isinstance(route.spec, RouteSpec) else ()
    )
    for target in targets:
        listener = target_listener(graph, service.mesh, target)
        if listener is not None and target.weight:
            shares.append(Share(target.virtual_node, listener.port_mapping.port, target.weight))
    decision = Decision(
        Outcome.ROUTED if shares else Outcome.UNAVAILABLE,
        "" if shares else f"{route.key} takes it, but has no usable target (503)",
        tuple(sorted(shares)),
        service,
        route,
    )
    return replace(decision, path=request.path, host=request.host)


def _enter(graph: MeshGraph, gateway: ResourceKey, request: Request) -> Decision:
    listeners = gateway_listeners(graph, gateway)
    listener = listener_at(listeners, request.port)
    if listener is None and request.port is None:
        listener = listener_at(listeners, port_of(request.host))
    if listener is None:
        return _none(_closed(request, tuple(each.port_mapping for each in listeners)))
    path = normalised(request.path)
    if path is None or request.method == _TUNNEL:
        return _refused(request)
    mapping = listener.port_mapping
    kept = {name: value for name, value in request.headers.items() if name not in _INTERNAL}
    seen = (
        replace(request, path=path, headers=kept)
        .heard(mapping.protocol)
        .seen(
            forwarded="http" if listener.tls is None or listener.tls.mode == "DISABLED" else "https"
        )
    )
    route, tried = _first(gateway_routes_on(graph, gateway, mapping.port), seen)
    if route is None or not isinstance(route.spec, GatewayRouteSpec):
        return replace(_none(f"no gateway route of {gateway} takes it (404)"), tried=tried)
    return _second_pass(graph, gateway.mesh, route.spec, seen).through(route, tried)


def _closed(request: Request, mappings: tuple[GatewayPortMapping, ...]) -> str:
    if request.port is None:
        return f"the request names no port, and the gateway listens on {listing(mappings)}"
    return (
        f"the gateway does not listen on port {request.port} but on {listing(mappings)}; behind a "
        "load balancer, leave the port out and set it in the header host"
    )


def _second_pass(graph: MeshGraph, mesh: str, spec: GatewayRouteSpec, request: Request) -> Decision:
    target = gateway_target(spec)
    name = target.virtual_service.virtual_service_name
    service = ResourceKey.of(Kind.VIRTUAL_SERVICE, mesh, name)
    path = normalised(rewritten_path(spec, request.path))
    if path is None:
        return Decision(Outcome.REFUSED, "the rewritten path is invalid (400)", service=service)
    if is_unresolved(graph, service):
        return Decision(
            Outcome.UNAVAILABLE, f"{service} or its provider does not exist (503)", service=service
        )
    ports = service_ports(graph, mesh, name)
    port = ports[0].port if len(ports) == 1 else target.port
    mapping = next((each for each in ports if each.port == port), None)
    if mapping is None or mapping.protocol == "tcp":
        return _none(f"{service} has no such port for HTTP (404)", service)
    headers = {**request.headers, _INTERNAL[0]: name, _INTERNAL[1]: str(mapping.port)}
    host = rewritten_host(spec, request.host, name)
    return _within(graph, service, mapping, replace(request, path=path, host=host, headers=headers))


def _refused(request: Request) -> Decision:
    if request.method == _TUNNEL:
        return _none("no route takes a CONNECT tunnel, which has no path (404)")
    return Decision(Outcome.REFUSED, f"no proxy accepts the path {request.path} (400)")


def _none(reason: str, service: ResourceKey | None = None) -> Decision:
    return Decision(Outcome.NONE, reason, service=service)


__all__ = ["decide"]
