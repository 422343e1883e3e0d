"""Small hand-made Envoy configurations: clusters, endpoints, listeners and routes of a proxy."""

from collections.abc import Mapping
from datetime import timedelta

from betterproto2 import Message
from envoy_data_plane.envoy.config.cluster.v3 import (
    Cluster,
    ClusterDiscoveryType,
    ClusterEdsClusterConfig,
)
from envoy_data_plane.envoy.config.core.v3 import (
    Address,
    AggregatedConfigSource,
    ApiVersion,
    ConfigSource,
    Locality,
    SocketAddress,
)
from envoy_data_plane.envoy.config.endpoint.v3 import (
    ClusterLoadAssignment,
    Endpoint,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain, Listener
from envoy_data_plane.envoy.config.route.v3 import (
    Route,
    RouteAction,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
    WeightedCluster,
    WeightedClusterClusterWeight,
)
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
    HttpFilter,
    Rds,
)
from envoy_data_plane.google.protobuf import Any

from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, TypeUrl
from xds.wire.encode import encode

ADS = ConfigSource(ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3)
_TYPES = "type.googleapis.com/"

Translation = Mapping[TypeUrl, tuple[Message, ...]]


def static_cluster(name: str, port: int = 80, *, connect_s: int = 1) -> Cluster:
    """Return a cluster that needs no other resource."""
    return Cluster(
        name=name,
        type=ClusterDiscoveryType.STATIC,
        connect_timeout=timedelta(seconds=connect_s),
        load_assignment=assignment(name, port),
    )


def eds_cluster(name: str, *, connect_s: int = 1) -> Cluster:
    """Return a cluster whose endpoints are sent on the same stream."""
    return Cluster(
        name=name,
        type=ClusterDiscoveryType.EDS,
        connect_timeout=timedelta(seconds=connect_s),
        eds_cluster_config=ClusterEdsClusterConfig(eds_config=ADS),
    )


def assignment(cluster: str, *ports: int) -> ClusterLoadAssignment:
    """Return the endpoints of a cluster, on this machine."""
    endpoints = [
        LbEndpoint(endpoint=Endpoint(address=socket_address(port)))  # one a port
        for port in ports
    ]
    return ClusterLoadAssignment(
        cluster_name=cluster, endpoints=[LocalityLbEndpoints(lb_endpoints=endpoints)]
    )


def large_assignment(cluster: str, size: int = 1_400_000) -> ClusterLoadAssignment:
    """Return endpoints with this size in bytes."""
    locality = LocalityLbEndpoints(locality=Locality(zone="x" * size))
    return ClusterLoadAssignment(cluster_name=cluster, endpoints=[locality])


def routes(name: str, **weights: int) -> RouteConfiguration:
    """Return routes that distribute all requests over clusters."""
    clusters = [
        WeightedClusterClusterWeight(name=cluster, weight=weight)
        for cluster, weight in weights.items()
    ]
    action = RouteAction(weighted_clusters=WeightedCluster(clusters=clusters))
    host = VirtualHost(
        name="all", domains=["*"], routes=[Route(match=RouteMatch(prefix="/"), route=action)]
    )
    return RouteConfiguration(name=name, virtual_hosts=[host])


def http_listener(name: str, port: int, route_config: str, *, stat: str = "http") -> Listener:
    """Return a listener whose routes are sent on the same stream."""
    router = Any(type_url=f"{_TYPES}envoy.extensions.filters.http.router.v3.Router")
    manager = HttpConnectionManager(
        stat_prefix=stat,
        rds=Rds(config_source=ADS, route_config_name=route_config),
        http_filters=[HttpFilter(name="envoy.filters.http.router", typed_config=router)],
    )
    return Listener(
        name=name,
        address=socket_address(port),
        filter_chains=[
            FilterChain(
                filters=[
                    Filter(
                        name="envoy.filters.network.http_connection_manager",
                        typed_config=Any(
                            type_url=_TYPES
                            + "envoy.extensions.filters.network.http_connection_manager.v3."
                            + "HttpConnectionManager",
                            value=encode(manager),
                        ),
                    )
                ]
            )
        ],
    )


def socket_address(port: int, address: str = "127.0.0.1") -> Address:
    """Return an address on this machine."""
    return Address(socket_address=SocketAddress(address=address, port_value=port))


def mesh(
    *weights: str,
    eds: bool = True,
    listener_port: int = 15001,
    stat: str = "http",
    endpoint_port: int = 80,
    routes_name: str = "routes",
) -> Translation:
    """Return all resources of a proxy that distributes traffic: ``mesh("v1=90", "v2=10")``."""
    shares = {name: int(share) for name, _, share in (w.partition("=") for w in weights)}
    names = sorted(shares)
    clusters = [eds_cluster(n) if eds else static_cluster(n, endpoint_port) for n in names]
    return {
        CLUSTER: tuple(clusters),
        ENDPOINT: tuple(assignment(name, endpoint_port) for name in names) if eds else (),
        LISTENER: (http_listener("egress", listener_port, routes_name, stat=stat),),
        ROUTE: (routes(routes_name, **shares),),
    }
