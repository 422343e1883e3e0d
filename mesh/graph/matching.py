"""Order in which routes are tried: App Mesh's order, and gitmesh's own where App Mesh defines none.

App Mesh tries routes by ``priority``, lowest number first; a route without one comes after every
route with one, as if its priority were 1001. Among equals, longer prefixes are tried first. Where
App Mesh defines no order, gitmesh does, so that the same specs always mean the same routing
(docs/routing.md explains it to users, tests/envoy/test_matching.py tests it with Envoys):

1. an exact path before a regular expression, that before a prefix, longer ones first each;
   for gRPC a method before a whole service, that before any service;
2. the route with more conditions besides the path (method, host, port, each header, …);
3. the route's name.
"""

from typing import Final, TypeAlias

from mesh.resource import Resource
from mesh.spec import GatewayRouteSpec, RouteSpec
from mesh.spec.match import (
    GrpcGatewayRouteMatch,
    GrpcRouteMatch,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    TcpRouteMatch,
)

Order: TypeAlias = tuple[int, int, int, int, str]
"""Priority, kind of path, minus its length, minus the number of further conditions, name."""

Match: TypeAlias = (
    HttpRouteMatch | GrpcRouteMatch | TcpRouteMatch | HttpGatewayRouteMatch | GrpcGatewayRouteMatch
)
"""Match of any kind of route."""

NO_PRIORITY = 1001
"""Sort value of routes without a priority: after 1000, the highest priority that can be written."""

_EXACT, _REGEX, _PREFIX, _ANY = range(4)
_PATH: Final = frozenset({"prefix", "path", "service_name", "method_name"})
"""Fields that match the path; all others are conditions besides it."""


def route_order(resource: Resource) -> Order:
    """Return the sort key of a route: routes are tried in ascending order. No two routes of a
    router have the same key.

    :raises TypeError: the resource is not a route.
    """
    if not isinstance(resource.spec, RouteSpec):
        raise TypeError(f"{resource.key} is not a route")
    return _order(resource.spec.priority, route_match(resource.spec), resource.key.name)


def gateway_route_order(resource: Resource) -> Order:
    """Return the sort key of a gateway route, like :func:`route_order`. No two routes of a gateway
    have the same key.

    :raises TypeError: the resource is not a gateway route.
    """
    if not isinstance(resource.spec, GatewayRouteSpec):
        raise TypeError(f"{resource.key} is not a gateway route")
    return _order(resource.spec.priority, route_match(resource.spec), resource.key.name)


def route_match(spec: RouteSpec | GatewayRouteSpec) -> Match | None:
    """Return the match of a route or gateway route; None for a TCP route without one."""
    if spec.grpc_route is not None:
        return spec.grpc_route.match
    http = spec.http2_route or spec.http_route
    if http is not None:
        return http.match
    return spec.tcp_route.match if isinstance(spec, RouteSpec) and spec.tcp_route else None


def match_port(match: Match | None) -> int | None:
    """Return the listener port in a match, or None."""
    return match.port if match is not None else None


def conditions(match: Match | None) -> list[tuple[str, object]]:
    """Return the conditions of a match besides its path, each as a field and its required value.

    Each item of a list is a condition. gRPC metadata are headers.
    """
    found: list[tuple[str, object]] = []
    # `vars` because a model's own iterator makes a list first.
    for field, wanted in vars(match).items() if match else ():
        if wanted is None or field in _PATH:
            continue
        name = "headers" if field == "metadata" else field
        found += [(name, each) for each in (wanted if isinstance(wanted, tuple) else (wanted,))]
    return found


def _order(priority: int | None, match: Match | None, name: str) -> Order:
    kind, length = _path(match)
    return (
        NO_PRIORITY if priority is None else priority,
        kind,
        -length,
        -len(conditions(match)),
        name,
    )


def _path(match: Match | None) -> tuple[int, int]:
    match match:
        case HttpRouteMatch() | HttpGatewayRouteMatch():
            return _http_path(match)
        case GrpcRouteMatch(service_name=str() as service, method_name=str() as method):
            return _EXACT, len(service) + len(method)
        case GrpcRouteMatch() | GrpcGatewayRouteMatch() if match.service_name is not None:
            return _PREFIX, len(match.service_name)
        case _:
            return _ANY, 0


def _http_path(match: HttpRouteMatch | HttpGatewayRouteMatch) -> tuple[int, int]:
    if match.path is not None and match.path.exact is not None:
        return _EXACT, len(match.path.exact)
    if match.path is not None and match.path.regex is not None:
        return _REGEX, len(match.path.regex)
    return _PREFIX, len(match.prefix or "")
