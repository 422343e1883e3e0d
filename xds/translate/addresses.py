"""Addresses that a proxy listens on or connects to, by IP preference.

The rules are App Mesh's (user guide, "IPv6 support"): without a preference all addresses are IPv4,
except names, which are resolved to both versions.
"""

from typing import Final

from envoy_data_plane.envoy.config.cluster.v3 import ClusterDnsLookupFamily
from envoy_data_plane.envoy.config.core import v3 as envoy_core
from envoy_data_plane.envoy.config.endpoint import v3 as envoy_endpoint

from mesh.spec import MeshSpec, VirtualNodeSpec
from mesh.spec.common import IpPreference

LOOPBACK: Final = "127.0.0.1"
ANY_IPV4: Final = "0.0.0.0"  # noqa: S104
_ANY_IPV6: Final = "::"
_LOOPBACK_IPV6: Final = "::1"

_LOOKUP_FAMILY: Final = {
    None: ClusterDnsLookupFamily.AUTO,
    "IPv6_PREFERRED": ClusterDnsLookupFamily.AUTO,
    "IPv4_PREFERRED": ClusterDnsLookupFamily.V4_PREFERRED,
    "IPv4_ONLY": ClusterDnsLookupFamily.V4_ONLY,
    "IPv6_ONLY": ClusterDnsLookupFamily.V6_ONLY,
}


def mesh_preference(mesh: MeshSpec) -> IpPreference | None:
    """Return the IP preference of a mesh."""
    return None if mesh.service_discovery is None else mesh.service_discovery.ip_preference


def node_preference(mesh: MeshSpec, node: VirtualNodeSpec) -> IpPreference | None:
    """Return the IP preference of a node: its own, else its mesh's."""
    discovery = node.service_discovery
    own = None if discovery is None else discovery.dns or discovery.aws_cloud_map
    return (None if own is None else own.ip_preference) or mesh_preference(mesh)


def lookup_family(preference: IpPreference | None) -> ClusterDnsLookupFamily:
    """Return Envoy's DNS lookup family for a preference."""
    return _LOOKUP_FAMILY[preference]


def application_address(preference: IpPreference | None) -> str:
    """Return the address of an application whose traffic is redirected."""
    version_6 = preference in ("IPv6_PREFERRED", "IPv6_ONLY")
    return _LOOPBACK_IPV6 if version_6 else LOOPBACK


def socket(address: str, port: int) -> envoy_core.Address:
    """Return a TCP socket address."""
    return envoy_core.Address(
        socket_address=envoy_core.SocketAddress(address=address, port_value=port)
    )


def any_socket(preference: IpPreference | None, port: int) -> envoy_core.Address:
    """Return a socket on the wildcard address; with any preference, on that of both IP versions."""
    if preference is None:
        return socket(ANY_IPV4, port)
    return envoy_core.Address(
        socket_address=envoy_core.SocketAddress(
            address=_ANY_IPV6, port_value=port, ipv4_compat=True
        )
    )


def one_endpoint(cluster: str, address: str, port: int) -> envoy_endpoint.ClusterLoadAssignment:
    """Return the endpoints of a cluster with a single endpoint, an IP address or a host name."""
    endpoint = envoy_endpoint.LbEndpoint(
        endpoint=envoy_endpoint.Endpoint(address=socket(address, port))
    )
    return envoy_endpoint.ClusterLoadAssignment(
        cluster_name=cluster,
        endpoints=[envoy_endpoint.LocalityLbEndpoints(lb_endpoints=[endpoint])],
    )
