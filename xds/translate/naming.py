"""Names of all Envoy resources, exactly as App Mesh named them.

Dashboards and alerts rely on them (App Mesh user guide, "Envoy metrics"), so names are never
escaped or shortened. A listener's name contains the port that it would have with interception.
"""

from typing import Final
from urllib.parse import quote

from mesh.spec.common import GatewayPortMapping, PortMapping

INGRESS_PORT: Final = 15000
"""Port to which a node's inbound traffic is redirected (``APPMESH_ENVOY_INGRESS_PORT``)."""
EGRESS_PORT: Final = 15001
"""Port to which a node's outbound traffic is redirected; also the port of a gateway's own egress
listener."""

ALLOW_ALL_HOST: Final = "mesh_allow_all"
"""Virtual host for destinations outside the mesh."""
SELF_REDIRECT_HOST: Final = "self_redirect"
"""Virtual host of a gateway's listeners."""
DEFAULT_BACKEND_HOST: Final = "default_backend"
"""Virtual host of a gateway's egress listener, for requests that keep their host name."""

SERVICE_HEADER: Final = "x-app-mesh-virtual-service"
"""Header inside a gateway: the virtual service that a gateway route selected."""
PORT_HEADER: Final = "x-gitmesh-virtual-service-port"
"""Header inside a gateway: the port of that virtual service. App Mesh has no such header."""


SDS_CLUSTER: Final = "static_cluster_sds_unix_socket"
"""Cluster in a proxy's bootstrap for its own secret discovery service (App Mesh's name)."""


def ingress_listener(address: str = "0.0.0.0", port: int = INGRESS_PORT) -> str:  # noqa: S104
    """Return the name of a listener for inbound traffic, of a node or a gateway."""
    return f"lds_ingress_{address}_{port}"


def egress_listener(address: str = "0.0.0.0", port: int = EGRESS_PORT) -> str:  # noqa: S104
    """Return the name of a listener for traffic to backends."""
    return f"lds_egress_{address}_{port}"


def ingress_cluster(mesh: str, node: str, mapping: PortMapping) -> str:
    """Return the name of the cluster of the application itself."""
    return f"cds_ingress_{mesh}_{node}_{mapping.protocol}_{mapping.port}"


def egress_cluster(mesh: str, node: str, mapping: PortMapping, service: str = "") -> str:
    """Return the name of the cluster for a listener of a virtual node, in its callers'
    configuration.

    ``service`` names a backend with its own client policy, which gets its own cluster.
    """
    own = f"_{service}" if service else ""
    return f"cds_egress_{mesh}_{node}_{mapping.protocol}_{mapping.port}{own}"


def allow_all_cluster(mesh: str) -> str:
    """Return the name of the cluster for original destinations outside the mesh."""
    return f"cds_egress_{mesh}_mesh-allow-all"


def aws_cluster(mesh: str) -> str:
    """Return the name of the cluster for original destinations that belong to AWS."""
    return f"cds_egress_{mesh}_amazonaws"


def self_redirect_cluster(
    mesh: str, gateway: str, mapping: GatewayPortMapping, *, alone: bool
) -> str:
    """Return the name of the cluster from a gateway's listener to its egress listener.

    A gateway with several listeners has one such cluster per listener, named by the listener's
    port.
    """
    listener = "" if alone else f"{mapping.port}_"
    return f"cds_ingress_{mesh}_{gateway}_self_redirect_{listener}{mapping.protocol}_{EGRESS_PORT}"


def certificate_secret(chain: str, key: str) -> str:
    """Return the name of the secret for a certificate and key in these files."""
    return f"sds_certificate_{quote(chain)}+{quote(key)}"


def trust_secret(bundle: str) -> str:
    """Return the name of the secret for the certificate authorities in this file."""
    return f"sds_trust_{quote(bundle)}"


def ingress_routes(mapping: PortMapping | GatewayPortMapping) -> str:
    """Return the name of the route configuration of an ingress port."""
    return f"rds_ingress_{mapping.protocol}_{mapping.port}"


def egress_routes(protocol: str, port: int) -> str:
    """Return the name of the route configuration of a port on which backends are called."""
    return f"rds_egress_{protocol}_{port}"


def proxyless_listener(service: str, port: int) -> str:
    """Return the name that a gRPC client uses after ``xds:///`` to reach a port of a service."""
    return f"{service}:{port}"


def proxyless_routes(service: str, port: int) -> str:
    """Return the name of the route configuration of a service port for gRPC clients."""
    return f"rds_proxyless_{service}_{port}"


def ingress_stat_prefix(mapping: PortMapping | GatewayPortMapping, *, alone: bool) -> str:
    """Return the statistics prefix of an ingress port; with several ports it contains the port."""
    return "ingress" if alone else f"ingress.{mapping.protocol}.{mapping.port}"


EGRESS_STAT_PREFIX: Final = "egress"
