"""Envoy's bootstrap configuration, with which it connects to the xDS server."""

from collections.abc import Sequence
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.errors import UsageError
from mesh.keys import Kind
from xds.bootstrap.address import host_and_port, is_ip, socket_path
from xds.bootstrap.reports import buckets, reporting
from xds.bootstrap.tls import XdsTls, tls_socket
from xds.nodes import METADATA_KEY, Explicit, ProxyIdentity
from xds.translate.naming import SDS_CLUSTER

XDS_CLUSTER: Final = "gitmesh_xds"
"""The only static cluster of a proxy: the xDS server."""

SDS_SOCKET: Final = "/run/spire/sockets/agent.sock"
"""Default address of a proxy's own secret discovery service; usually SPIRE's agent."""

_HTTP2_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CARES: Final = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"


def bootstrap(
    *,
    identity: ProxyIdentity,
    xds_address: str,
    admin_address: str = "127.0.0.1:9901",
    dns_resolvers: Sequence[str] = (),
    cluster: str | None = None,
    sds_socket: str = SDS_SOCKET,
    delta: bool = False,
    tls: XdsTls | None = None,
    report_interval_s: int = 0,
) -> JsonObject:
    """Return Envoy's bootstrap for a proxy, ready to be written as JSON.

    Addresses are ``host:port``, or ``[::1]:port`` for IPv6. The host of the server may be a name;
    resolvers and the administration interface need IP addresses. The server and the administration
    interface may also be Unix sockets, ``unix:/run/envoy.sock``. Without resolvers, those of the
    machine are used. ``cluster`` is the value of ``node.cluster``, by default the node's id (App
    Mesh: ``APPMESH_RESOURCE_CLUSTER``). ``sds_socket`` is the source of certificates of kind
    ``sds`` in specs (App Mesh: ``APPMESH_SDS_SOCKET_PATH``); it need not exist unless a spec uses
    it. ``delta`` selects the delta protocol instead of state-of-the-world. ``tls`` makes the proxy
    use mutual TLS with the server. With ``report_interval_s``, the proxy reports its traffic to the
    server (:mod:`xds.bootstrap.reports`).

    :raises UsageError: an address is invalid.
    """
    node_id = str(identity.key)
    return {
        "node": {"id": node_id, "cluster": cluster or node_id, **_metadata(identity)},
        "admin": {"address": _admin(admin_address)},
        "dynamic_resources": {
            "ads_config": _ads(delta=delta),
            "lds_config": _from_ads(),
            "cds_config": _from_ads(),
        },
        "static_resources": {
            "clusters": [_xds_cluster(xds_address, tls), _sds_cluster(sds_socket)]
        },
        "layered_runtime": {"layers": [_runtime()]},
        "stats_config": {
            "stats_tags": _stats_tags(identity),
            **(buckets() if report_interval_s else {}),
        },
        **_resolver(dns_resolvers),
        **(reporting(XDS_CLUSTER, report_interval_s) if report_interval_s else {}),
    }


def _metadata(identity: ProxyIdentity) -> JsonObject:
    addressing = identity.addressing
    if not isinstance(addressing, Explicit):
        return {}
    ours: JsonObject = {
        "addressing": "explicit",
        "ingress": addressing.ingress,
        "egress": addressing.egress,
    }
    application: JsonObject = (
        {"application": addressing.application} if addressing.application else {}
    )
    return {"metadata": {METADATA_KEY: {**ours, **application}}}


def _ads(*, delta: bool) -> JsonObject:
    return {
        "api_type": "DELTA_GRPC" if delta else "GRPC",
        "transport_api_version": "V3",
        # Envoy's description of itself has 60 KB: send it once per stream.
        "set_node_on_first_message_only": True,
        "grpc_services": [
            {
                "envoy_grpc": {
                    "cluster_name": XDS_CLUSTER,
                    "retry_policy": {
                        "retry_back_off": {"base_interval": "0.5s", "max_interval": "10s"}
                    },
                }
            }
        ],
    }


def _from_ads() -> JsonObject:
    # Zero means no timeout, as in App Mesh: no listener is better than one without configuration.
    return {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}


def _xds_cluster(address: str, tls: XdsTls | None) -> JsonObject:
    place, found = _server(address)
    endpoint: JsonObject = {"endpoint": {"address": place}}
    return {
        "name": XDS_CLUSTER,
        "type": found,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": XDS_CLUSTER,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        # Detects a server that has disappeared, so that Envoy connects to another one.
        **_http2({"connection_keepalive": {"interval": "30s", "timeout": "10s"}}),
        **({} if tls is None else {"transport_socket": tls_socket(tls, address)}),
    }


def _server(address: str) -> tuple[JsonObject, str]:
    """Return the endpoint of the xDS server, and the cluster type with which Envoy finds it."""
    path = socket_path(address)
    if path is not None:
        return {"pipe": {"path": path}}, "STATIC"
    host, port = host_and_port(address)
    return _socket(host, port), "STATIC" if is_ip(host) else "STRICT_DNS"


def _sds_cluster(path: str) -> JsonObject:
    endpoint: JsonObject = {"endpoint": {"address": {"pipe": {"path": path}}}}
    return {
        "name": SDS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": SDS_CLUSTER,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        **_http2({}),
    }


def _http2(options: JsonObject) -> JsonObject:
    http2: JsonObject = {
        "@type": f"type.googleapis.com/{_HTTP2_OPTIONS}",
        "explicit_http_config": {"http2_protocol_options": options},
    }
    return {"typed_extension_protocol_options": {_HTTP2_OPTIONS: http2}}


def _runtime() -> JsonObject:
    # App Mesh's limit for regular expressions; Envoy's default, 100, rejects many that App Mesh
    # accepted.
    return {"name": "app_mesh", "static_layer": {"re2.max_program_size.error_level": 1000}}


def _stats_tags(identity: ProxyIdentity) -> list[Json]:
    gateway = identity.key.kind is Kind.VIRTUAL_GATEWAY
    return [
        {"tag_name": "appmesh.mesh", "fixed_value": identity.key.mesh},
        {
            "tag_name": f"appmesh.virtual_{'gateway' if gateway else 'node'}",
            "fixed_value": identity.key.name,
        },
    ]


def _resolver(addresses: Sequence[str]) -> JsonObject:
    if not addresses:
        return {}
    return {
        "typed_dns_resolver_config": {
            "name": "envoy.network.dns_resolver.cares",
            "typed_config": {
                "@type": f"type.googleapis.com/{_CARES}",
                "resolvers": [_ip_socket(address) for address in addresses],
            },
        }
    }


def _admin(address: str) -> JsonObject:
    path = socket_path(address)
    return _ip_socket(address) if path is None else {"pipe": {"path": path}}


def _ip_socket(address: str) -> JsonObject:
    host, port = host_and_port(address)
    if not is_ip(host):
        raise UsageError(f"{address!r} does not begin with an IP address", hint="127.0.0.1:9901")
    return _socket(host, port)


def _socket(host: str, port: int) -> JsonObject:
    return {"socket_address": {"address": host, "port_value": port}}
