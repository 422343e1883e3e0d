"""Routes of a virtual gateway's listeners: gateway routes select a virtual service and rewrite.

Requests then pass the gateway's own egress listener (:mod:`xds.translate.gateway.forward`). The
selected service travels in headers that only the gateway writes: values that a client sends in
these headers are overwritten or removed here.
"""

from collections.abc import Iterable, Sequence

from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.config.route import v3 as envoy_route

from mesh.graph.ports import gateway_routes_on, is_unresolved
from mesh.graph.references import gateway_target
from mesh.keys import Kind, ResourceKey
from mesh.linking import MeshGraph
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec
from mesh.spec.common import GatewayPortMapping
from mesh.spec.gateway_route import GatewayRouteTarget, HostnameRewrite
from xds.translate import naming, timeouts
from xds.translate.routes.matchers import gateway_match
from xds.translate.routes.rewrites import Rewritten, rewritten_paths
from xds.translate.routes.routes import UNAVAILABLE
from xds.translate.services import Service, ServicePort

_OVERWRITE = envoy_core.HeaderValueOptionHeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD


def first_pass(
    graph: MeshGraph,
    gateway: ResourceKey,
    mapping: GatewayPortMapping,
    second_pass: str,
    called: Sequence[Service],
) -> envoy_route.RouteConfiguration:
    """Return the routes of one gateway listener; all lead to the cluster of the egress listener.

    All are in one virtual host, because priorities apply across host names.
    """
    by_name = {service.name: service for service in called}
    return envoy_route.RouteConfiguration(
        name=naming.ingress_routes(mapping),
        virtual_hosts=[
            envoy_route.VirtualHost(
                name=naming.SELF_REDIRECT_HOST,
                domains=["*"],
                routes=[
                    route
                    for resource in gateway_routes_on(graph, gateway, mapping.port)
                    for route in _routes(graph, resource, second_pass, by_name)
                ],
            )
        ],
    )


def keeps_hostname(spec: GatewayRouteSpec) -> bool:
    """Return whether a request keeps its host name."""
    rewrite = _hostname_rewrite(spec)
    return rewrite is not None and rewrite.default_target_hostname == "DISABLED"


def _hostname_rewrite(spec: GatewayRouteSpec) -> HostnameRewrite | None:
    for each in (spec.grpc_route, spec.http2_route, spec.http_route):
        if each is not None:
            return None if each.action.rewrite is None else each.action.rewrite.hostname
    return None


def _routes(
    graph: MeshGraph, resource: Resource, second_pass: str, called: dict[str, Service]
) -> Iterable[envoy_route.Route]:
    spec = resource.spec
    if not isinstance(spec, GatewayRouteSpec):
        return
    route = spec.grpc_route or spec.http2_route or spec.http_route
    if route is None:
        return
    target = gateway_target(spec)
    name = target.virtual_service.virtual_service_name
    port = _target_port(target, called.get(name))
    nobody = is_unresolved(graph, ResourceKey.of(Kind.VIRTUAL_SERVICE, resource.key.mesh, name))
    for rewritten in rewritten_paths(spec):
        if nobody:
            match = gateway_match(route.match, rewritten.path)
            name = resource.key.name
            yield envoy_route.Route(name=name, match=match, direct_response=UNAVAILABLE)
            continue
        yield envoy_route.Route(
            name=resource.key.name,
            match=gateway_match(route.match, rewritten.path),
            route=_action(second_pass, None if keeps_hostname(spec) else name, rewritten, port),
            request_headers_to_add=[
                _header(naming.SERVICE_HEADER, name),
                *([] if port is None else [_header(naming.PORT_HEADER, str(port.mapping.port))]),
            ],
            request_headers_to_remove=[naming.PORT_HEADER] if port is None else [],
        )


def _target_port(target: GatewayRouteTarget, service: Service | None) -> ServicePort | None:
    ports = service.ports if service is not None else ()
    if target.port is None:
        return ports[0] if len(ports) == 1 else None
    return next((port for port in ports if port.mapping.port == target.port), None)


def _action(
    cluster: str, host: str | None, rewritten: Rewritten, port: ServicePort | None
) -> envoy_route.RouteAction:
    # Timeouts apply in the second pass; the first must not end requests before the longest of them.
    waits = port.timeouts if port is not None else ()
    return envoy_route.RouteAction(
        cluster=cluster,
        host_rewrite_literal=host,
        prefix_rewrite=rewritten.prefix or "",
        regex_rewrite=rewritten.whole,
        timeout=timeouts.longest_request(waits),
        idle_timeout=timeouts.longest_idle(waits),
    )


def _header(name: str, value: str) -> envoy_core.HeaderValueOption:
    # Envoy interprets "%" in a header's value as the start of a command.
    return envoy_core.HeaderValueOption(
        header=envoy_core.HeaderValue(key=name, value=value.replace("%", "%%")),
        append_action=_OVERWRITE,
    )
