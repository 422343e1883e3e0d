"""Routes for gRPC clients (gRFCs A28, A31, A44): a call is a POST to ``/service/method``."""

from collections.abc import Iterator
from functools import lru_cache

from envoy_data_plane.envoy.config.route import v3 as envoy_route

from mesh.spec import RouteSpec
from mesh.spec.listener import HttpTimeout
from mesh.spec.match import HttpRouteMatch
from xds.translate import naming, timeouts
from xds.translate.routes.matchers import ANY_PATH, call_match, match_path
from xds.translate.routes.retries import GRPC_DEFAULT, grpc_retry_policy
from xds.translate.routes.routes import EVERY_HOST, UNAVAILABLE, weighted_clusters, written_policy
from xds.translate.services import Routed, ServicePort
from xds.translate.sharing import SHARED


@lru_cache(SHARED)
def client_route_configuration(service: str, port: ServicePort) -> envoy_route.RouteConfiguration:
    """Return the route configuration of one port of a service.

    It matches every authority: the listener has already selected the service, and a client may send
    a different authority (``grpc.default_authority``).
    """
    return envoy_route.RouteConfiguration(
        name=naming.proxyless_routes(service, port.mapping.port),
        virtual_hosts=[
            envoy_route.VirtualHost(name=service, domains=[EVERY_HOST], routes=list(_routes(port)))
        ],
    )


def takes_calls(spec: RouteSpec) -> bool:
    """Return whether a route can match a gRPC call: a POST, in plain text, without a query."""
    http = spec.http2_route or spec.http_route
    return http is None or _takes_calls(http.match)


def _takes_calls(match: HttpRouteMatch) -> bool:
    return (
        match.method in (None, "POST")
        and match.scheme in (None, "http")
        and not match.query_parameters
    )


def _routes(port: ServicePort) -> Iterator[envoy_route.Route]:
    if port.direct is not None:
        timeout = timeouts.of_listener(port.direct.listener.timeout)
        action = envoy_route.RouteAction(
            cluster=port.direct.cluster, max_stream_duration=_within(timeout)
        )
        action.retry_policy = GRPC_DEFAULT
        yield envoy_route.Route(match=match_path(ANY_PATH), route=action)
        return
    for route in port.routes:
        if takes_calls(route.spec):
            yield _route(route)


def _route(route: Routed) -> envoy_route.Route:
    weighted = weighted_clusters(route.shares)
    return envoy_route.Route(
        name=route.name,
        match=call_match(route.spec),
        route=None if weighted is None else _action(weighted, route.spec),
        direct_response=UNAVAILABLE if weighted is None else None,
    )


def _action(weighted: envoy_route.WeightedCluster, spec: RouteSpec) -> envoy_route.RouteAction:
    return envoy_route.RouteAction(
        weighted_clusters=weighted,
        max_stream_duration=_within(timeouts.of_route(spec)),
        retry_policy=grpc_retry_policy(written_policy(spec)),
    )


def _within(timeout: HttpTimeout | None) -> envoy_route.RouteActionMaxStreamDuration:
    """Return the maximum duration of a call; zero means unlimited in gRPC, too."""
    return envoy_route.RouteActionMaxStreamDuration(
        max_stream_duration=timeouts.per_request(timeout)
    )
