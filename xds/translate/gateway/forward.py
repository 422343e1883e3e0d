"""Routes of a virtual gateway's egress listener: those of the selected virtual service.

Each virtual service is a virtual host under its own name, which the gateway's listener sets as the
request's host. A request that keeps its host is routed in ``default_backend``, only by the
gateway's header. Every route requires that header, so a client cannot select a service by sending
its name as host: such a request matches none of that host's routes, and is then routed in
``default_backend`` like any other.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from envoy_data_plane.envoy.config.route import v3 as envoy_route

from mesh.graph.domains import domains_of
from mesh.graph.references import gateway_target
from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec
from xds.translate import naming
from xds.translate.gateway.select import keeps_hostname
from xds.translate.routes.routes import EVERY_HOST, routes_of
from xds.translate.services import Service, ServicePort

SECOND_PASS_ROUTES: Final = naming.egress_routes("http", naming.EGRESS_PORT)
"""One route configuration for all protocols, because all use one port."""


def second_pass(
    gateway_routes: Iterable[Resource], called: Sequence[Service]
) -> envoy_route.RouteConfiguration:
    """Return the routes of every virtual service that a gateway can select."""
    domains = domains_of([(service.name, naming.EGRESS_PORT) for service in called])
    routes = {service.name: _guarded(service) for service in called}
    foreign = _kept_hosts(gateway_routes) | {name for name in routes if not domains[name]}
    hosts = [
        envoy_route.VirtualHost(
            name=name,
            domains=list(domains[name]),
            routes=[*own, *_routes_of(routes, foreign - {name})],
        )
        for name, own in routes.items()
        if domains[name]
    ]
    # It contains every service, not only those in `foreign`: requests between the two passes must
    # still be routed when a gateway route changes whether it keeps the host.
    rest = envoy_route.VirtualHost(
        name=naming.DEFAULT_BACKEND_HOST,
        domains=[EVERY_HOST],
        routes=_routes_of(routes, frozenset(routes)),
    )
    return envoy_route.RouteConfiguration(
        name=SECOND_PASS_ROUTES,
        virtual_hosts=[*hosts, rest],
        # App Mesh tried to remove its header but configured responses; applications must not see
        # ours.
        request_headers_to_remove=[naming.SERVICE_HEADER, naming.PORT_HEADER],
    )


def _guarded(service: Service) -> list[envoy_route.Route]:
    chosen = (naming.SERVICE_HEADER, service.name)
    several = len(service.ports) > 1
    return [
        route
        for port in service.ports
        if port.mapping.protocol != "tcp"
        for route in routes_of(port, (chosen, _port_guard(port)) if several else (chosen,))
    ]


def _port_guard(port: ServicePort) -> tuple[str, str]:
    return naming.PORT_HEADER, str(port.mapping.port)


def _kept_hosts(gateway_routes: Iterable[Resource]) -> set[str]:
    return {
        gateway_target(route.spec).virtual_service.virtual_service_name
        for route in gateway_routes
        if isinstance(route.spec, GatewayRouteSpec) and keeps_hostname(route.spec)
    }


def _routes_of(
    routes: dict[str, list[envoy_route.Route]], names: Iterable[str]
) -> list[envoy_route.Route]:
    return [route for name in sorted(names) for route in routes.get(name, ())]
