"""Route configurations of virtual nodes; a gateway's egress listener shares the routes."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from envoy_data_plane.envoy.config.route import v3 as envoy_route

from mesh.graph.domains import domains_of
from mesh.spec import RouteSpec
from mesh.spec.common import PortMapping
from mesh.spec.listener import HttpTimeout, ListenerTimeout
from mesh.spec.route import GrpcRetryPolicy, HttpRetryPolicy
from xds.translate import naming, timeouts
from xds.translate.routes.matchers import ANY_PATH, exact_header, match_path, route_match
from xds.translate.routes.retries import DEFAULT, retry_policy
from xds.translate.services import Routed, Service, ServicePort, Share
from xds.translate.sharing import SHARED
from xds.wire.encode import encode_once
from xds.wire.identity_cache import IdentityCache

EVERY_HOST: Final = "*"


def ingress_route_configuration(
    node: str, mapping: PortMapping, cluster: str, timeout: ListenerTimeout | None
) -> envoy_route.RouteConfiguration:
    """Return the route from a listener of a node to its application, for every host.

    The route has the listener's timeouts, whatever the timeouts of the caller's route are.
    """
    action = _to_cluster(cluster, timeouts.of_listener(timeout), retry=None)
    return envoy_route.RouteConfiguration(
        name=naming.ingress_routes(mapping),
        virtual_hosts=[
            envoy_route.VirtualHost(
                name=node,
                domains=[EVERY_HOST],
                routes=[envoy_route.Route(match=match_path(ANY_PATH), route=action)],
            )
        ],
    )


def egress_route_configuration(
    port: PortMapping, called: Sequence[tuple[Service, ServicePort]], allow_all: str | None
) -> envoy_route.RouteConfiguration:
    """Return the virtual hosts of a port on which backends are called, sorted by name.

    ``allow_all`` is the cluster for every other host; if None, other hosts get 404.
    """
    domains = domains_of([(service.name, port.port) for service, _ in called])
    hosts = [
        _host(service.name, tuple(domains[service.name]), service_port)
        for service, service_port in called
        if domains[service.name]
    ]
    return envoy_route.RouteConfiguration(
        name=naming.egress_routes(port.protocol, port.port),
        virtual_hosts=[*hosts, *_everything_else(allow_all)],
    )


def _host(name: str, domains: tuple[str, ...], port: ServicePort) -> envoy_route.VirtualHost:
    # Cached by identity, because all callers of a service share the port and hashing it is slower.
    known = _hosts_of.get(port, lambda _: {})
    if (name, domains) not in known:
        known[name, domains] = _virtual_host(name, domains, port)
    return known[name, domains]


_HostsByName: TypeAlias = dict[tuple[str, tuple[str, ...]], envoy_route.VirtualHost]
_hosts_of: Final = IdentityCache[ServicePort, _HostsByName]()
encode_once(envoy_route.VirtualHost)  # The routes of every caller of a service contain its host.


@lru_cache(SHARED)
def _virtual_host(
    name: str, domains: tuple[str, ...], port: ServicePort
) -> envoy_route.VirtualHost:
    return envoy_route.VirtualHost(name=name, domains=list(domains), routes=list(routes_of(port)))


@lru_cache(SHARED)
def routes_of(
    port: ServicePort, guards: tuple[tuple[str, str], ...] = ()
) -> tuple[envoy_route.Route, ...]:
    """Return the routes of a virtual service's port in matching order.

    ``guards`` are header values that a request must have in addition.
    """
    asked = [exact_header(name, value) for name, value in guards]
    if port.direct is not None:
        # A service that a node provides directly has no route with timeouts: only the node's own
        # apply.
        timeout = timeouts.of_listener(port.direct.listener.timeout)
        action = _to_cluster(port.direct.cluster, timeout, retry=DEFAULT)
        return (envoy_route.Route(match=match_path(ANY_PATH, asked), route=action),)
    return tuple(_route(route, asked) for route in port.routes)


def _route(route: Routed, guards: Iterable[envoy_route.HeaderMatcher]) -> envoy_route.Route:
    weighted = weighted_clusters(route.shares)
    return envoy_route.Route(
        name=route.name,
        match=route_match(route.spec, *guards),
        route=None if weighted is None else _to_shares(weighted, route.spec),
        direct_response=UNAVAILABLE if weighted is None else None,
    )


UNAVAILABLE: Final = envoy_route.DirectResponseAction(status=503)
"""Response of a route without targets. It answers 503. It is needed because Envoy rejects weights
whose sum is zero."""


def weighted_clusters(shares: Sequence[Share]) -> envoy_route.WeightedCluster | None:
    """Return the weights by cluster, or None if all are zero."""
    if not any(share.weight for share in shares):
        return None
    return envoy_route.WeightedCluster(
        clusters=[
            envoy_route.WeightedClusterClusterWeight(
                name=share.upstream.cluster, weight=share.weight
            )
            for share in shares
        ]
    )


def _to_shares(weighted: envoy_route.WeightedCluster, spec: RouteSpec) -> envoy_route.RouteAction:
    timeout = timeouts.of_route(spec)
    return envoy_route.RouteAction(
        weighted_clusters=weighted,
        timeout=timeouts.per_request(timeout),
        idle_timeout=timeouts.idle(timeout),
        retry_policy=retry_policy(written_policy(spec)),
    )


def _to_cluster(
    cluster: str, timeout: HttpTimeout | None, *, retry: envoy_route.RetryPolicy | None
) -> envoy_route.RouteAction:
    return envoy_route.RouteAction(
        cluster=cluster,
        timeout=timeouts.per_request(timeout),
        idle_timeout=timeouts.idle(timeout),
        retry_policy=retry,
    )


def written_policy(spec: RouteSpec) -> HttpRetryPolicy | GrpcRetryPolicy | None:
    """Return the retry policy in a route's spec, or None."""
    for each in (spec.http_route, spec.http2_route, spec.grpc_route):
        if each is not None:
            return each.retry_policy
    return None


def _everything_else(cluster: str | None) -> list[envoy_route.VirtualHost]:
    if cluster is None:
        return []
    # Destinations outside the mesh have no timeouts in it.
    action = envoy_route.RouteAction(cluster=cluster, timeout=timeouts.OFF)
    return [
        envoy_route.VirtualHost(
            name=naming.ALLOW_ALL_HOST,
            domains=[EVERY_HOST],
            routes=[envoy_route.Route(match=match_path(ANY_PATH), route=action)],
        )
    ]
