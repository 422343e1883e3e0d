"""Configuration of a virtual gateway's proxy, which routes in two steps, as in App Mesh.

First, the gateway's listener: gateway routes select a virtual service and rewrite the request.
Second, port 15001, called by the first: the routes of that service, exactly as on a node.
"""

from collections.abc import Iterable, Sequence

from envoy_data_plane.envoy.config.listener.v3 import Listener as EnvoyListener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration

from mesh.graph.ports import targeted_services
from mesh.linking import MeshGraph
from mesh.spec import VirtualGatewaySpec
from mesh.spec.virtual_gateway import VirtualGatewayListener
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import naming
from xds.translate.addresses import ANY_IPV4, LOOPBACK, any_socket, mesh_preference, socket
from xds.translate.clusters import clusters
from xds.translate.clusters.endpoints import endpoints
from xds.translate.gateway.forward import SECOND_PASS_ROUTES, second_pass
from xds.translate.gateway.select import first_pass
from xds.translate.listeners import listeners
from xds.translate.listeners.filters import http_filter
from xds.translate.policies import gateway_policies
from xds.translate.resources import NOTHING, Resources
from xds.translate.services import Service, services, upstreams
from xds.translate.tls.tls import Security, listener_security, secrets_of


def translate_gateway(
    graph: MeshGraph, proxy: ProxyIdentity, spec: VirtualGatewaySpec
) -> Resources:
    """Return the resources of a virtual gateway's proxy."""
    called = services(graph, targeted_services(graph, proxy.key), gateway_policies(spec))
    entrances = _sorted(spec)
    if not entrances:
        return NOTHING
    alone = len(entrances) == 1
    found = upstreams(called)
    return Resources(
        listeners=tuple(_listeners(graph, proxy, spec)),
        routes=(
            *_first_pass(graph, proxy, entrances, called),
            second_pass(graph.gateway_routes(proxy.key), called),
        ),
        clusters=(
            *(
                clusters.self_redirect_cluster(
                    proxy.key.mesh,
                    proxy.key.name,
                    entrance,
                    _second_pass_address(proxy),
                    alone=alone,
                )
                for entrance in entrances
            ),
            *(clusters.egress_cluster(graph, upstream) for upstream in found),
        ),
        endpoints=tuple(
            each for upstream in found if (each := endpoints(graph, upstream)) is not None
        ),
        secrets=secrets_of(
            (
                *(_security(entrance).encryption for entrance in entrances),
                *map(clusters.encryption, found),
            )
        ),
    )


def _first_pass(
    graph: MeshGraph,
    proxy: ProxyIdentity,
    entrances: Sequence[VirtualGatewayListener],
    called: Sequence[Service],
) -> Iterable[RouteConfiguration]:
    alone = len(entrances) == 1
    for entrance in entrances:
        mapping = entrance.port_mapping
        cluster = naming.self_redirect_cluster(proxy.key.mesh, proxy.key.name, mapping, alone=alone)
        yield first_pass(graph, proxy.key, mapping, cluster, called)


def _listeners(
    graph: MeshGraph, proxy: ProxyIdentity, spec: VirtualGatewaySpec
) -> Iterable[EnvoyListener]:
    preference = mesh_preference(graph.mesh_spec(proxy.key.mesh))
    ports = _entrance_ports(spec)
    if isinstance(proxy.addressing, Explicit):
        yield from listeners.explicit_ingress(proxy.addressing.ingress, ports)
        name = naming.egress_listener(proxy.addressing.egress)
    else:
        for port in ports:
            listener = naming.ingress_listener(ANY_IPV4, port.number)
            yield listeners.ingress_listener(listener, any_socket(preference, port.number), port)
        name = naming.egress_listener()
    # App Mesh bound the second pass to every address, so outside clients on port 15001 could bypass
    # the gateway's own routes. Only the proxy itself has to reach it. The name is unchanged, for
    # dashboards.
    inner = http_filter(naming.EGRESS_STAT_PREFIX, SECOND_PASS_ROUTES, "http", spec.logging)
    address = socket(_second_pass_address(proxy), naming.EGRESS_PORT)
    yield listeners.egress_listener(name, address, listeners.Port(naming.EGRESS_PORT, inner))


def _entrance_ports(spec: VirtualGatewaySpec) -> list[listeners.Port]:
    entrances = _sorted(spec)
    alone = len(entrances) == 1
    return [
        listeners.Port(
            mapping.port,
            http_filter(
                naming.ingress_stat_prefix(mapping, alone=alone),
                naming.ingress_routes(mapping),
                mapping.protocol,
                spec.logging,
                edge=True,
            ),
            _security(entrance),
        )
        for entrance, mapping in ((each, each.port_mapping) for each in entrances)
    ]


def _security(entrance: VirtualGatewayListener) -> Security:
    return listener_security(entrance.tls, entrance.port_mapping.protocol)


def _second_pass_address(proxy: ProxyIdentity) -> str:
    return proxy.addressing.egress if isinstance(proxy.addressing, Explicit) else LOOPBACK


def _sorted(spec: VirtualGatewaySpec) -> list[VirtualGatewayListener]:
    found = {listener.port_mapping.port: listener for listener in spec.listeners}
    return [found[port] for port in sorted(found)]
